"""The tree in tiles of 256 hashes (c2sp.org/tlog-tiles), how it grows, and the proofs that are made from tiles.

A tile is bytes, 32 a hash, at a level and an index. A shorter form of a tile is its beginning, so that only the longest
is kept. Proofs are made in two steps, so that tiles can be fetched between them: which ranges of leaves a proof hashes,
and which tiles these need; then the hashes themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from services.provenance.domain.log.tree import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, node_hash, root_of

WIDTH = 256
_HEIGHT = 8
"""Levels of the tree in a tile: 2^8 hashes."""
TILE_BYTES = WIDTH * HASH_BYTES
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535

Place: TypeAlias = tuple[int, int]
"""Level and index of a tile."""
Tiles: TypeAlias = Mapping[Place, bytes]
Range: TypeAlias = tuple[int, int]
"""Leaves from the first, up to and without the second."""


class TileMissing(LookupError):
    """A tile is not there, or is shorter than the tree needs it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: all that is needed to append to it and to calculate its root."""

    size: int = 0
    partial: tuple[bytes, ...] = ()
    """At each level the hashes of the last tile, fewer than 256 of them, often none."""

    @property
    def root(self) -> bytes:
        """Of the whole tree."""
        root = b""
        for tile in self.partial:
            hashes = _hashes(tile)
            while hashes:
                count = 1 << (len(hashes) & -len(hashes)).bit_length() - 1  # the smallest full subtree, at the right
                subtree, hashes = root_of(hashes[-count:]), hashes[:-count]
                root = node_hash(subtree, root) if root else subtree
        return root or EMPTY_ROOT


def edge_places(size: int) -> list[Place]:
    """The tiles that hold the edge of a tree of this size, a partial tile a level."""
    return [(level, n // WIDTH) for level in range(_levels(size)) if (n := size >> _HEIGHT * level) % WIDTH]


def edge_of(size: int, tiles: Tiles) -> Edge:
    """The edge of the tree of this size, from the tiles of `edge_places`. Raises TileMissing."""
    partial = [b""] * _levels(size)
    for level, index in edge_places(size):
        partial[level] = _prefix(tiles, (level, index), (size >> _HEIGHT * level) % WIDTH)
    return Edge(size, tuple(partial))


def append(edge: Edge, leaves: Sequence[bytes]) -> tuple[Edge, dict[Place, bytes]]:
    """The edge after these leaf hashes, and every tile that is new or longer than before."""
    changed: dict[Place, bytes] = {}
    partial, level, added = list(edge.partial), 0, b"".join(leaves)
    while added:
        if level == len(partial):
            partial.append(b"")
        first = (edge.size >> _HEIGHT * level) // WIDTH
        row = partial[level] + added
        cut = len(row) - len(row) % TILE_BYTES
        full = [row[start : start + TILE_BYTES] for start in range(0, cut, TILE_BYTES)]
        partial[level] = row[cut:]
        changed |= {(level, first + n): tile for n, tile in enumerate(full)}
        if partial[level]:
            changed[level, first + len(full)] = partial[level]
        added = b"".join(root_of(_hashes(tile)) for tile in full)
        level += 1
    return replace(edge, size=edge.size + len(leaves), partial=tuple(partial)), changed


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots prove that leaf `index` is in the tree of this size, from the leaf up (RFC 6962 2.1.1).
    ValueError for a leaf that it does not have."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges whose roots prove that the tree of size `new` begins with that of size `old` (RFC 6962 2.1.2).
    ValueError for a larger old one."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not begin with one of {old}")
    ranges: list[Range] = []
    start, end, whole = 0, new, True
    while old not in (start, end):
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, whole = middle, False
    if not whole:
        ranges.append((start, end))
    return ranges[::-1]


def places_of(ranges: Iterable[Range]) -> set[Place]:
    """The tiles that hold the hashes of these ranges."""
    return {_within(*subtree)[0] for part in ranges for subtree in _subtrees(*part)}


def prove(ranges: Sequence[Range], tiles: Tiles) -> list[bytes]:
    """The root of each range, from the tiles of `places_of`. Raises TileMissing."""
    return [_range_hash(part, tiles) for part in ranges]


def root_at(size: int, tiles: Tiles) -> bytes:
    """The root of the first `size` leaves. Raises TileMissing."""
    return _range_hash((0, size), tiles) if size else EMPTY_ROOT


def all_places(size: int) -> list[tuple[Place, int]]:
    """Every tile of a tree of this size, with the number of its hashes; level by level, from the left."""
    return [
        ((level, index), min(WIDTH, count - index * WIDTH))
        for level in range(_levels(size))
        for count in (size >> _HEIGHT * level,)
        for index in range(-(-count // WIDTH))
    ]


def tile_path(place: Place, width: int = WIDTH) -> str:
    """Of a tile below the log's prefix, as in `tile/0/x001/234.p/17`."""
    level, index = place
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """Of the leaves below tile `index` of level 0."""
    return f"tile/entries/{_index_path(index, width)}"


_INDEX = re.compile(r"(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")


def parse_index_path(text: str) -> tuple[int, int] | None:
    """Index and width that the end of a tile's path names; None for what no log serves."""
    if (match := _INDEX.fullmatch(text)) is None:
        return None
    index, width = int(match["index"].replace("x", "").replace("/", "")), int(match["width"] or WIDTH)
    known = width <= WIDTH and index * WIDTH + width <= MAX_SIZE and _index_path(index, width) == text
    return (index, width) if known else None


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Leaves as they are served: each after its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def _index_path(index: int, width: int) -> str:
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"


def _levels(size: int) -> int:
    return -(-size.bit_length() // _HEIGHT)


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]


def _split(count: int) -> int:
    """The largest power of two smaller than `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def _subtrees(start: int, end: int) -> list[Place]:
    """The full subtrees of a range of a proof, from the left: log2 of the leaves of each, and its index among those."""
    subtrees = []
    while start < end:
        height = (end - start).bit_length() - 1
        subtrees.append((height, start >> height))
        start += 1 << height
    return subtrees


def _within(height: int, n: int) -> tuple[Place, int, int]:
    """Where the hashes below the n-th full subtree of this height are: tile, first hash, number of hashes."""
    level, inner = divmod(height, _HEIGHT)
    first = n << inner
    return (level, first // WIDTH), first % WIDTH, 1 << inner


def _prefix(tiles: Tiles, place: Place, width: int) -> bytes:
    tile = tiles.get(place, b"")
    if len(tile) < width * HASH_BYTES:
        raise TileMissing(f"{tile_path(place, width)} has {len(tile) // HASH_BYTES} hashes of {width}")
    return tile[: width * HASH_BYTES]


def _range_hash(part: Range, tiles: Tiles) -> bytes:
    root = b""
    for height, n in reversed(_subtrees(*part)):
        place, first, count = _within(height, n)
        subtree = root_of(_hashes(_prefix(tiles, place, first + count))[first:])
        root = node_hash(subtree, root) if root else subtree
    return root
