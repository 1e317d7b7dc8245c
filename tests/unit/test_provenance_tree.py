"""The tree and its tiles: RFC 6962's values, and what holds for any history."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.provenance.domain.log import tiles
from services.provenance.domain.log.tiles import Edge, TileMissing, append, edge_of, edge_places, root_at
from services.provenance.domain.log.tree import (
    EMPTY_ROOT,
    leaf_hash,
    proves_consistency,
    proves_inclusion,
    root_of,
)
from tests.support.provenance_log import MemoryLog

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Of the first n of LEAVES: the values of Certificate Transparency's reference implementation."""
SIZES = (1, 2, 3, 5, 7, 8, 255, 256, 257, 300, 512, 700)


def test_the_roots_are_those_of_the_reference() -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES]
    assert [root_of(hashes[:n]).hex() for n in range(1, 9)] == ROOTS
    assert root_of([]) == EMPTY_ROOT == Edge().root


def test_a_tile_of_full_tiles_stands_above_256_leaves() -> None:
    log = MemoryLog.of(70_000, batch=9_999)
    assert len([place for place in log.tiles if place[0] == 0]) == 274
    assert [len(log.tiles[place]) // 32 for place in edge_places(70_000)] == [112, 17, 1]
    assert log.edge.root == root_of([leaf_hash(leaf) for leaf in log.leaves]) == root_at(70_000, log.tiles)
    assert edge_of(70_000, log.tiles) == log.edge


@pytest.mark.parametrize("size", SIZES)
def test_every_proof_of_a_tree_proves_and_of_another_does_not(size: int) -> None:
    log = MemoryLog.of(size)
    root = log.edge.root
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        leaf, proof = leaf_hash(log.leaves[index]), log.inclusion(index, size)
        assert proves_inclusion(leaf, index, size, proof, root)
        assert not proves_inclusion(leaf, index, size, [*proof, root], root)
        assert not proves_inclusion(leaf_hash(b"another"), index, size, proof, root)
        assert not proves_inclusion(leaf, size, size, proof, root)
        if proof:
            assert not proves_inclusion(leaf, index, size, proof[:-1], root)
    for old in {0, 1, 2, size // 2, size - 1, size}:
        if old > size:
            continue
        was, proof = root_at(old, log.tiles), log.consistency(old, size)
        assert proves_consistency(old, size, proof, was, root)
        assert not proves_consistency(old, size, [*proof, root], was, root)
        assert not proves_consistency(old, size, proof, leaf_hash(b"another"), root)
        if proof:
            assert not proves_consistency(old, size, proof[:-1], was, root)
            assert not proves_consistency(old, size, [], was, root)


def test_what_is_outside_a_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="has no leaf 3"):
        tiles.inclusion_ranges(3, 3)
    with pytest.raises(ValueError, match="does not begin with one of 4"):
        tiles.consistency_ranges(4, 3)
    assert not proves_consistency(4, 3, [], EMPTY_ROOT, EMPTY_ROOT)
    assert root_at(0, {}) == EMPTY_ROOT


def test_a_tile_that_is_missing_or_too_short_is_said() -> None:
    log = MemoryLog.of(300)
    log.tiles[0, 1] = log.tiles[0, 1][:-32]
    with pytest.raises(TileMissing, match=r"tile/0/001.p/44 has 43 hashes of 44"):
        edge_of(300, log.tiles)


def test_the_tiles_of_a_proof_are_all_that_it_needs() -> None:
    log = MemoryLog.of(70_000, batch=10_000)
    ranges = tiles.inclusion_ranges(33_333, 70_000)
    places = tiles.places_of(ranges)
    assert len(places) <= 6
    assert tiles.prove(ranges, {place: log.tiles[place] for place in places}) == log.inclusion(33_333, 70_000)


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "000"),
        (5, 17, "005.p/17"),
        (1_234_067, 256, "x001/x234/067"),
        (999, 1, "999.p/1"),
        (1_000, 255, "x001/000.p/255"),
        (2**55 - 1, 255, "x036/x028/x797/x018/x963/967.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(index: int, width: int, path: str) -> None:
    assert tiles.tile_path((2, index), width) == f"tile/2/{path}"
    assert tiles.entries_path(index, width) == f"tile/entries/{path}"
    assert tiles.parse_index_path(path) == (index, width)


@pytest.mark.parametrize(
    "path",
    [
        *("", "1", "x000/001", "001.p/0", "001.p/256", "001.p/257", "001.p/01", "x01/002", "001/", "-01", "٠٠١"),
        "x036/x028/x797/x018/x963/967",
        "x999/x999/x999/x999/x999/999",
    ],
)
def test_another_path_is_none(path: str) -> None:
    assert tiles.parse_index_path(path) is None


def test_an_entry_stands_after_its_length() -> None:
    assert tiles.entry_bundle([b"ab", b""]) == b"\x00\x02ab\x00\x00"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=6))
def test_appends_in_any_batches_give_one_tree(batches: list[int]) -> None:
    edge, stored_tiles = Edge(), dict[tiles.Place, bytes]()
    hashes = [leaf_hash(b"leaf %d" % n) for n in range(sum(batches))]
    for batch in batches:
        edge, changed = append(edge, hashes[edge.size : edge.size + batch])
        assert all(tile.startswith(stored_tiles.get(place, b"")) for place, tile in changed.items())
        stored_tiles |= changed
    once, whole = append(Edge(), hashes)
    assert (once.size, once.root, whole) == (edge.size, edge.root, stored_tiles)
    assert edge.root == root_of(hashes)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_history_gives_a_valid_log(data: st.DataObject) -> None:
    log, sizes = MemoryLog(), [0]
    for batch in data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=5)):
        log.append([b"leaf %d" % (log.edge.size + n) for n in range(batch)])
        sizes.append(log.edge.size)
    old, new = sorted(data.draw(st.tuples(st.sampled_from(sizes), st.sampled_from(sizes))))
    was, now = root_at(old, log.tiles), root_at(new, log.tiles)
    assert proves_consistency(old, new, log.consistency(old, new), was, now)
    if new:
        index = data.draw(st.integers(0, new - 1))
        assert proves_inclusion(leaf_hash(log.leaves[index]), index, new, log.inclusion(index, new), now)
