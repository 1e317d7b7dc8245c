"""Requests to a witness, and what its answers mean (c2sp.org/tlog-witness).

An answer that contradicts our log is not signed: a 409 has a size, a 422 has no body, and any proxy before a witness
can forge them. The proof is a checkpoint that our own key has signed, which witnesses serve.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from services.provenance.domain.log.checkpoints import Checkpoint, Trust, open_checkpoint, parse_decimal
from services.provenance.domain.log.notes import BadNote, Note, Signature, VerifierKey, parse_signatures, verified

MAX_ANSWER_BYTES = 16 * 1024
TOLERANCE_SECONDS = 86_400
"""How far a witness' clock may be from ours, either way: its time stays in every bundle."""


class Verdict(enum.Enum):
    """What follows from an answer."""

    COSIGNED = "cosigned"
    BEHIND = "behind"
    """It knows less than we thought: ask again from the size that it says."""
    AHEAD = "ahead"
    """It says that it has signed a larger tree of this log than we have: if so, ours was cut or restored."""
    FORKED = "forked"
    """It says that it has signed another tree of this log."""
    REFUSED = "refused"
    """It does not know the log or its key, or finds the request malformed."""
    AWAY = "away"
    """It may answer another time."""


CONTRADICTS = frozenset({Verdict.AHEAD, Verdict.FORKED})
"""Verdicts that stop the log once they are proven; until then the witness is set aside."""


@dataclass(frozen=True, slots=True)
class Answer:
    verdict: Verdict
    size: int = 0
    """Of the tree that the witness signed last; of BEHIND and AHEAD."""
    signature: Signature | None = None


def add_checkpoint(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    """The body of the request: the size that the witness signed last, the consistency proof from it, the checkpoint."""
    lines = "".join(base64.b64encode(hash).decode() + "\n" for hash in proof)
    return f"old {old}\n{lines}\n{note}".encode()


def read_answer(status: int, body: bytes, old: int, checkpoint: Checkpoint, witness: VerifierKey, now: float) -> Answer:
    """What this answer to `add_checkpoint(old, ...)` means, at this real time (POSIX seconds). Only a signature that
    verifies counts, and whose time can be true."""
    match status:
        case 200:
            signature = _signature(body, str(checkpoint), witness, now)
            return Answer(Verdict.COSIGNED, checkpoint.size, signature) if signature else Answer(Verdict.REFUSED)
        case 409:
            size = parse_decimal(body.decode("ascii", "replace").removesuffix("\n"))
            if size is None or size == old:
                return Answer(Verdict.FORKED if old == checkpoint.size else Verdict.REFUSED)
            return Answer(Verdict.AHEAD if size > checkpoint.size else Verdict.BEHIND, size)
        case 422:  # also another root at the size of the checkpoint, for which witnesses answered 409 before
            return Answer(Verdict.FORKED)
        case 400 | 403 | 404:
            return Answer(Verdict.REFUSED)
        case _:
            return Answer(Verdict.AWAY)


def checkpoint_path(origin: str) -> str:
    """Where a witness serves the checkpoint of this log that it has signed last, below its prefix."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"


def read_checkpoint(status: int, body: bytes, log: VerifierKey) -> Checkpoint | None:
    """The checkpoint in a witness's answer, if this log's key has signed it. Then it does not matter who has
    answered."""
    try:
        return open_checkpoint(body, Trust(log)).checkpoint if status == 200 else None
    except BadNote:
        return None


def seen_by(witness: str, size: int, last: int, *, verb: str = "has signed") -> str:
    """What a witness has signed against our last checkpoint, in words. Both by their number of leaves; a tree that is
    not larger is another one."""
    tree = f"{size} leaves" if size > last else "another tree"
    return f"{witness} {verb} {tree}, and our last checkpoint has {last} leaves"


def outvoted(contradicting: int, witnesses: int, quorum: int) -> bool:
    """Whether so many of the witnesses contradict the log that no quorum is left without them. Where none is needed,
    all of them."""
    return contradicting > max(witnesses - max(quorum, 1), 0)


def _signature(body: bytes, text: str, witness: VerifierKey, now: float) -> Signature | None:
    try:
        signature = verified(Note(text, parse_signatures(body.decode())), (witness,)).get(witness)
    except (BadNote, UnicodeDecodeError):
        return None
    return signature if signature is not None and abs(signature.seconds - now) <= TOLERANCE_SECONDS else None
