"""A whole log is read again: every leaf, every tile and the checkpoint must agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from services.provenance.domain.log.checkpoints import SignedCheckpoint, Trust, open_checkpoint
from services.provenance.domain.log.notes import BadNote
from services.provenance.domain.log.tiles import WIDTH, Place, all_places, edge_of, tile_path
from services.provenance.domain.log.tree import HASH_BYTES, leaf_hash, root_of

ReadTile: TypeAlias = Callable[[Place], bytes | None]
ReadEntries: TypeAlias = Callable[[int], Sequence[bytes]]
"""The leaves below a tile of level 0."""


class BadLog(ValueError):
    """Something in a log is not what its checkpoint says; the message says where."""


def audit(checkpoint: bytes, trust: Trust, read_tile: ReadTile, read_entries: ReadEntries) -> SignedCheckpoint:
    """The checkpoint, once every tile and leaf of its tree was read and agrees with it. Raises BadLog."""
    try:
        signed = open_checkpoint(checkpoint, trust)
    except BadNote as error:
        raise BadLog(f"checkpoint: {error}") from None
    size = signed.checkpoint.size
    below: dict[Place, bytes] = {}
    """The root of each full tile of the level below, until its parent is checked."""
    edge: dict[Place, bytes] = {}
    for place, width in all_places(size):
        tile = (read_tile(place) or b"")[: width * HASH_BYTES]
        if len(tile) != width * HASH_BYTES or tile != _expected(place, width, below, read_entries):
            raise BadLog(f"{tile_path(place, width)} is not what is below it")
        if width == WIDTH:
            below[place] = root_of([tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)])
        else:
            edge[place] = tile
    if edge_of(size, edge).root != signed.checkpoint.root:
        raise BadLog("checkpoint: its root is not that of the tiles")
    return signed


def _expected(place: Place, width: int, below: dict[Place, bytes], read_entries: ReadEntries) -> bytes:
    level, index = place
    return b"".join(_leaves(index, width, read_entries) if level == 0 else _children(level, index, width, below))


def _leaves(index: int, width: int, read_entries: ReadEntries) -> Iterator[bytes]:
    return (leaf_hash(entry) for entry in read_entries(index)[:width])


def _children(level: int, index: int, width: int, below: dict[Place, bytes]) -> Iterator[bytes]:
    first = index * WIDTH
    return (below.pop((level - 1, n)) for n in range(first, first + width))
