"""Logs for tests, in memory: one that is kept as the service keeps it, with tiles, leaves and keys."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.provenance.domain.log.checkpoints import Checkpoint, Trust, sign
from services.provenance.domain.log.notes import COSIGNATURE, ED25519, Note, SignerKey
from services.provenance.domain.log.proofs import LogProof
from services.provenance.domain.log.tiles import (
    WIDTH,
    Edge,
    Place,
    all_places,
    append,
    consistency_ranges,
    edge_of,
    entries_path,
    entry_bundle,
    inclusion_ranges,
    prove,
    tile_path,
)
from services.provenance.domain.log.tree import HASH_BYTES, leaf_hash

ORIGIN = "log.silkpost.example/provenance"
NOON = 1_795_780_800
"""POSIX seconds."""


def key(name: str = ORIGIN, kind: int = ED25519) -> SignerKey:
    """The same key for the same name and type, in every run."""
    return SignerKey(name, kind, Ed25519PrivateKey.from_private_bytes(random.Random(f"{name}|{kind}").randbytes(32)))


def witness_key(number: int = 1) -> SignerKey:
    return key(f"witness{number}.example", COSIGNATURE)


@dataclass
class MemoryLog:
    key: SignerKey = field(default_factory=key)
    leaves: list[bytes] = field(default_factory=list)
    tiles: dict[Place, bytes] = field(default_factory=dict)
    edge: Edge = field(default_factory=Edge)

    @classmethod
    def of(cls, count: int, batch: int = 100) -> MemoryLog:
        log = cls()
        for first in range(0, count, batch):
            log.append([b"leaf %d" % n for n in range(first, min(first + batch, count))])
        return log

    def append(self, leaves: Sequence[bytes]) -> None:
        self.edge, changed = append(self.edge, [leaf_hash(leaf) for leaf in leaves])
        self.tiles |= changed
        self.leaves += leaves

    def checkpoint(self, size: int | None = None, witnesses: Sequence[SignerKey] = ()) -> Note:
        size = self.edge.size if size is None else size
        note = sign(Checkpoint(self.key.name, size, edge_of(size, self.tiles).root), self.key)
        return Note(note.text, (*note.signatures, *(witness.cosign(note.text, NOON) for witness in witnesses)))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return prove(inclusion_ranges(index, size), self.tiles)

    def consistency(self, old: int, new: int) -> list[bytes]:
        return prove(consistency_ranges(old, new), self.tiles)

    def proof(self, index: int, witnesses: Sequence[SignerKey] = ()) -> LogProof:
        hashes = self.inclusion(index, self.edge.size)
        return LogProof(index, tuple(hashes), str(self.checkpoint(witnesses=witnesses)))

    def trust(self, witnesses: Sequence[SignerKey] = (), quorum: int = 0) -> Trust:
        return Trust(self.key.verifier, tuple(witness.verifier for witness in witnesses), quorum)

    def entries(self, index: int) -> list[bytes]:
        return self.leaves[index * WIDTH : (index + 1) * WIDTH]

    def files(self, witnesses: Sequence[SignerKey] = ()) -> dict[str, bytes]:
        """All that the log serves, by its path."""
        files = {"checkpoint": str(self.checkpoint(witnesses=witnesses)).encode()}
        for place, width in all_places(self.edge.size):
            files[tile_path(place, width)] = self.tiles[place][: width * HASH_BYTES]
            if place[0] == 0:
                files[entries_path(place[1], width)] = entry_bundle(self.entries(place[1]))
        return files
