"""A whole log is read again: any byte that was changed is found."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.provenance.domain.log.audit import BadLog, audit
from tests.support.provenance_log import MemoryLog, witness_key

WITNESS = witness_key()
LOG = MemoryLog.of(1_000)
TRUST = LOG.trust([WITNESS], 1)
CHECKPOINT = str(LOG.checkpoint(witnesses=[WITNESS])).encode()


def changed(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1_000, 66_000])
def test_a_log_that_is_whole_passes(size: int) -> None:
    log = MemoryLog.of(size, batch=777)
    signed = audit(str(log.checkpoint()).encode(), log.trust(), log.tiles.get, log.entries)
    assert signed.checkpoint.size == size


def test_what_was_added_since_the_checkpoint_does_not_matter() -> None:
    log = MemoryLog.of(300)
    checkpoint = str(log.checkpoint()).encode()
    log.append([b"later"] * 300)
    assert audit(checkpoint, log.trust(), log.tiles.get, log.entries).checkpoint.size == 300


def test_a_log_that_was_cut_is_found() -> None:
    log = MemoryLog.of(999)
    with pytest.raises(BadLog, match=r"tile/0/003.p/232 is not what is below it"):
        audit(CHECKPOINT, TRUST, log.tiles.get, log.entries)
    log.tiles.clear()
    with pytest.raises(BadLog, match="tile/0/000 is not"):
        audit(CHECKPOINT, TRUST, log.tiles.get, log.entries)


def test_a_log_that_was_written_anew_is_found() -> None:
    other = MemoryLog()
    other.append([b"other %d" % n for n in range(1_000)])
    with pytest.raises(BadLog, match="its root is not that of the tiles"):
        audit(CHECKPOINT, TRUST, other.tiles.get, other.entries)


def test_any_byte_changed_in_the_checkpoint_is_found() -> None:
    for position in range(len(CHECKPOINT)):
        with pytest.raises(BadLog):
            audit(changed(CHECKPOINT, position), TRUST, LOG.tiles.get, LOG.entries)


@pytest.mark.parametrize("place", sorted(LOG.tiles))
def test_a_byte_changed_in_each_tile_is_found(place: tuple[int, int]) -> None:
    position = random.Random(str(place)).randrange(len(LOG.tiles[place]))
    tiles = {**LOG.tiles, place: changed(LOG.tiles[place], position)}
    with pytest.raises(BadLog, match=f"tile/{place[0]}/00{place[1]}"):
        audit(CHECKPOINT, TRUST, tiles.get, LOG.entries)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_byte_changed_in_any_tile_or_leaf_is_found(data: st.DataObject) -> None:
    tiles, entries = dict(LOG.tiles), [LOG.entries(index) for index in range(4)]
    if data.draw(st.booleans()):
        place = data.draw(st.sampled_from(sorted(tiles)))
        tiles[place] = changed(tiles[place], data.draw(st.integers(0, len(tiles[place]) - 1)))
    else:
        bundle = data.draw(st.sampled_from(entries))
        leaf = data.draw(st.integers(0, len(bundle) - 1))
        bundle[leaf] = changed(bundle[leaf], data.draw(st.integers(0, len(bundle[leaf]) - 1)))
    with pytest.raises(BadLog):
        audit(CHECKPOINT, TRUST, tiles.get, entries.__getitem__)
