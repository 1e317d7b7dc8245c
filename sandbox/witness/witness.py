"""What a witness remembers, and what it answers to `add-checkpoint`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.provenance.domain.log.checkpoints import Checkpoint, parse_checkpoint, parse_decimal, parse_hash
from services.provenance.domain.log.notes import (
    COSIGNATURE,
    BadNote,
    Note,
    SignerKey,
    parse_note,
    parse_verifier_key,
    verified,
)
from services.provenance.domain.log.tree import EMPTY_ROOT, proves_consistency

NAME = "witness.sandbox.example"
KEY = SignerKey(
    NAME, COSIGNATURE, Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"Silkpost sandbox witness").digest())
)
"""No secret: anybody can sign as this witness."""
MAX_PROOF = 63


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str = ""
    kind: str = "text/plain"


class Witness:
    """Cosigns the checkpoints of the logs that it knows, each only if it begins with the one before."""

    def __init__(self, logs: Iterable[str], seconds: Callable[[], int], key: SignerKey = KEY) -> None:
        """`logs`: their verifier keys; `seconds`: POSIX time."""
        self._keys = {key.name: key for key in map(parse_verifier_key, logs)}
        self._seconds = seconds
        self.key = key
        self.signed: dict[str, Checkpoint] = {}
        """The last checkpoint of each log that it has signed."""
        self._served: dict[str, str] = {}
        """The same with the signatures of log and witness, by the hash of the log's origin."""

    def add_checkpoint(self, body: bytes) -> Answer:
        head, _, rest = body.decode(errors="replace").partition("\n\n")
        lines = head.split("\n")
        old_size = re.fullmatch(r"old (\S+)", lines[0])
        old = parse_decimal(old_size[1]) if old_size else None
        proof = [hash for line in lines[1:] if (hash := parse_hash(line)) is not None]
        try:
            note = parse_note(rest.encode())
            checkpoint = parse_checkpoint(note.text)
        except BadNote:
            return Answer(400)
        if old is None or old > checkpoint.size or len(proof) != len(lines) - 1 or len(proof) > MAX_PROOF:
            return Answer(400)
        log = self._keys.get(checkpoint.origin)
        if log is None:
            return Answer(404)
        try:
            if log not in verified(note, [log]):
                return Answer(403)
        except BadNote:
            return Answer(403)
        last = self.signed.get(checkpoint.origin, Checkpoint(checkpoint.origin, 0, EMPTY_ROOT))
        if old != last.size:
            return Answer(409, f"{last.size}\n", "text/x.tlog.size")
        if 0 < old == checkpoint.size and last.root != checkpoint.root:
            return Answer(409)
        if not proves_consistency(old, checkpoint.size, proof, last.root, checkpoint.root) or (
            checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT
        ):
            return Answer(422)
        self.signed[checkpoint.origin] = checkpoint
        cosigned = Note(note.text, (verified(note, [log])[log], self.key.cosign(note.text, self._seconds())))
        self._served[hashlib.sha256(checkpoint.origin.encode()).hexdigest()] = str(cosigned)
        return Answer(200, f"{cosigned.signatures[-1]}\n")

    def checkpoint(self, origin_hash: str) -> Answer:
        """The last one that it has signed of this log (Monitor Retrieval Mechanism)."""
        note = self._served.get(origin_hash)
        return Answer(404) if note is None else Answer(200, note)
