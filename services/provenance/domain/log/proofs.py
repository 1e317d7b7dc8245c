"""A proof that a leaf is in a log, checked without it (c2sp.org/tlog-proof)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from services.provenance.domain.log.checkpoints import (
    SignedCheckpoint,
    Trust,
    open_checkpoint,
    parse_decimal,
    parse_hash,
)
from services.provenance.domain.log.notes import BadNote
from services.provenance.domain.log.tree import leaf_hash, proves_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    """The index of a leaf, its inclusion proof, and the signed checkpoint; `str` is the file `.tlog-proof`."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    """A signed note."""

    def __str__(self) -> str:
        return f"{HEADER}\nindex {self.index}\n{_lines(self.hashes)}\n{self.checkpoint}"


def parse_proof(data: bytes) -> LogProof:
    """Raises BadNote. Extra data, which ours never have, is refused."""
    try:
        head, empty, checkpoint = data.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise BadNote("a proof is UTF-8") from None
    lines = head.split("\n")
    index = parse_decimal(lines[1].removeprefix("index ")) if len(lines) > 1 and lines[1].startswith("index ") else None
    hashes = [parse_hash(line) for line in lines[2:]]
    if lines[0] != HEADER or not empty:
        raise BadNote(f"a proof begins with {HEADER} and has an empty line before its checkpoint")
    if index is None:
        raise BadNote("the second line of a proof is its index")
    if None in hashes or len(hashes) > MAX_HASHES:
        raise BadNote(f"the hashes of a proof are at most {MAX_HASHES} lines, 32 bytes in base64 each")
    return LogProof(index, tuple(hash for hash in hashes if hash is not None), checkpoint)


def verify_proof(proof: LogProof, leaf: bytes, trust: Trust) -> SignedCheckpoint:
    """The checkpoint that has this leaf. Raises BadNote when the proof does not show it to whom `trust` believes."""
    signed = open_checkpoint(proof.checkpoint.encode(), trust)
    tree = signed.checkpoint
    if not proves_inclusion(leaf_hash(leaf), proof.index, tree.size, proof.hashes, tree.root):
        raise BadNote(f"the leaf is not at index {proof.index} of the tree")
    return signed


def _lines(hashes: Sequence[bytes]) -> str:
    return "".join(base64.b64encode(hash).decode() + "\n" for hash in hashes)
