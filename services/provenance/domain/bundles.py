"""A unit's bundle: all that shows what was logged of it, and can be checked without us.

It proves that these events, signed by the issuer, were in the log by its checkpoint, and that the witnesses whom the
reader trusts saw no other log. It does not prove that nothing came before or followed, nor that what the issuer signed
is true.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.provenance.domain.event_hash import event_hash
from services.provenance.domain.leaves import KeyLeaf, event_leaf, name_of, parse_key_leaf
from services.provenance.domain.log.checkpoints import SignedCheckpoint, Trust, open_checkpoint
from services.provenance.domain.log.notes import BadNote
from services.provenance.domain.log.proofs import LogProof, parse_proof, verify_proof
from services.provenance.domain.signing import BadJws, SignedEvent, parse_jws

FORMAT = "silkpost-bundle/v1"
MAX_BYTES = 32 * 1024


class BadBundle(ValueError):
    """A bundle does not show what it claims; the message says which rule it breaks."""


class TooLarge(ValueError):
    """What is to be shown does not fit in a bundle."""


@dataclass(frozen=True, slots=True)
class LoggedKey:
    """A change of the issuer's keys, and the proof that it is in the log."""

    leaf: KeyLeaf
    proof: LogProof


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A signed event, and the proof that it is in the log."""

    jws: str
    salt: bytes
    proof: LogProof


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bundle shows."""

    unit: str
    checkpoint: SignedCheckpoint
    events: Sequence[Mapping[str, Any]]
    """In the order of the log."""
    said_by: Sequence[str | None] = ()
    """Of each event whose word it is; none where the issuer says it itself."""


def write_bundle(unit: str, checkpoint: str, keys: Sequence[LoggedKey], events: Sequence[LoggedEvent]) -> bytes:
    """The bundle in JSON. The checkpoint, which is the same for all proofs, is in it once: a proof with an empty line
    and the checkpoint after it is a `.tlog-proof`. Raises TooLarge."""
    value = {
        "format": FORMAT,
        "unit": unit,
        "checkpoint": checkpoint,
        "keys": [{"leaf": str(key.leaf), "proof": _head(key.proof)} for key in keys],
        "events": [{"jws": event.jws, "salt": event.salt.hex(), "proof": _head(event.proof)} for event in events],
    }
    data = json.dumps(value, indent=1).encode()
    if len(data) > MAX_BYTES:
        raise TooLarge(f"{len(events)} events are {len(data)} bytes, and a bundle has at most {MAX_BYTES}")
    return data


def verify_bundle(data: bytes, trust: Trust, issuer: str) -> Verified:
    """What the bundle shows to a reader who trusts this log, these witnesses and this issuer. Raises BadBundle."""
    try:
        return _verified(_read(data), trust, issuer)
    except (BadNote, BadJws) as error:
        raise BadBundle(str(error)) from None


def _verified(bundle: Mapping[str, Any], trust: Trust, issuer: str) -> Verified:
    checkpoint = _text(bundle, "checkpoint")
    signed = open_checkpoint(checkpoint.encode(), trust)
    keys: list[tuple[int, KeyLeaf]] = []
    for row in _rows(bundle, "keys"):
        text = _text(row, "leaf")
        leaf, proof = parse_key_leaf(text), _proof(row, checkpoint)
        if leaf is None or leaf.kid.partition("#")[0] != issuer:
            raise BadBundle(f"keys[]: not a key of {issuer}")
        verify_proof(proof, text.encode(), trust)
        keys.append((proof.index, leaf))
    events: list[tuple[int, SignedEvent, bytes]] = []
    for row in _rows(bundle, "events"):
        jws, proof = _text(row, "jws"), _proof(row, checkpoint)
        signed_event, salt = parse_jws(jws), _text(row, "salt")
        try:
            logged = event_leaf(jws, bytes.fromhex(salt))
        except ValueError:
            raise BadBundle("events[].salt: 64 hexadecimal digits") from None
        verify_proof(proof, logged, trust)
        if not _signed_by(signed_event, proof.index, keys):
            raise BadBundle(f"events[]: no key that counted at index {proof.index} has signed it")
        events.append((proof.index, signed_event, logged))
    unit = _text(bundle, "unit")
    events.sort(key=lambda event: event[0])
    _require_chain(unit, events)
    return Verified(unit, signed, [event.event for _, event, _ in events], [event.said_by for _, event, _ in events])


def _signed_by(event: SignedEvent, index: int, keys: Sequence[tuple[int, KeyLeaf]]) -> bool:
    """Whether a key that was in the log before the event, and not revoked before it, has signed it."""
    known = [(leaf_index, leaf) for leaf_index, leaf in keys if leaf.kid == event.kid and leaf_index < index]
    return any(
        leaf.change == "added"
        and event.verifies(leaf.public)
        and not any(other.change == "revoked" and later_index > leaf_index for later_index, other in known)
        for leaf_index, leaf in known
    )


def _require_chain(unit: str, events: Sequence[tuple[int, SignedEvent, bytes]]) -> None:
    """Each event is of this unit or of a box that it lay in, has the id that its content has, and names the unit's
    event before. The first one shown may name any: what was before is erased, or in the log before."""
    if not events:
        raise BadBundle("events: none")
    boxes: set[str] = set()
    previous: str | None = None
    for _, signed, leaf in events:
        event = signed.event
        try:
            wrong = event.get("eventID") != event_hash(event)
            things = {*event.get("epcList", ()), *event.get("childEPCs", ())}
        except (KeyError, ValueError, TypeError, AttributeError):
            raise BadBundle("events[]: not an event of ours") from None
        if wrong:
            raise BadBundle("events[]: its id is not that of its content")
        if unit in things:
            if previous is not None and signed.previous != previous:
                raise BadBundle("events[]: it does not name the unit's event before")
            previous = name_of(leaf)
            boxes.add(str(event.get("parentID")))
        elif not things & boxes:
            raise BadBundle("events[]: neither of the unit nor of a box that it lay in")


def _read(data: bytes) -> Mapping[str, Any]:
    if len(data) > MAX_BYTES:
        raise BadBundle(f"a bundle has at most {MAX_BYTES} bytes")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise BadBundle("a bundle is JSON") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BadBundle(f"format: {FORMAT}")
    return value


def _rows(bundle: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    rows = bundle.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadBundle(f"{name}: a list of objects")
    return rows


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise BadBundle(f"{name}: text")
    return value


def _head(proof: LogProof) -> str:
    return str(proof).removesuffix(f"\n{proof.checkpoint}")


def _proof(row: Mapping[str, Any], checkpoint: str) -> LogProof:
    return parse_proof(f"{_text(row, 'proof')}\n{checkpoint}".encode())
