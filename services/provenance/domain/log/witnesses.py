"""What a witness is asked, and what its answers mean (c2sp.org/tlog-witness, `add-checkpoint`)."""

from __future__ import annotations

import base64
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from services.provenance.domain.log.checkpoints import Checkpoint, parse_decimal
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
    """It has signed a larger tree of this log than we have: ours was cut or restored. Publishing stops."""
    FORKED = "forked"
    """It has signed another tree of this log. Publishing stops."""
    REFUSED = "refused"
    """It does not know the log or its key, or finds the request malformed."""
    AWAY = "away"
    """It may answer another time."""


STOPS = frozenset({Verdict.AHEAD, Verdict.FORKED})


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
        case 422:
            return Answer(Verdict.FORKED)
        case 400 | 403 | 404:
            return Answer(Verdict.REFUSED)
        case _:
            return Answer(Verdict.AWAY)


def _signature(body: bytes, text: str, witness: VerifierKey, now: float) -> Signature | None:
    try:
        signature = verified(Note(text, parse_signatures(body.decode())), (witness,)).get(witness)
    except (BadNote, UnicodeDecodeError):
        return None
    return signature if signature is not None and abs(signature.seconds - now) <= TOLERANCE_SECONDS else None
