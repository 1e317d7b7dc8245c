"""Batches are read back as they were written, and no bytes whatever raise anything but the reader's own error."""

from __future__ import annotations

import contextlib
import struct
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging import record_batches
from shared.messaging.decompression import UNPACKED_BYTES, UnreadableBatch, unpacked
from shared.messaging.record_batches import RawRecord, Unreadable, read_slice, records, split
from tests.support.batch_bytes import CODECS, PACKED, build, sealed

some_bytes = st.none() | st.binary(max_size=200)
headers = st.lists(st.tuples(st.text(max_size=20), some_bytes), max_size=4)
written = st.lists(st.tuples(some_bytes, some_bytes, headers), min_size=1, max_size=20)
codecs = st.sampled_from(sorted(CODECS.values()))


def read(data: bytes) -> list[RawRecord | Unreadable]:
    return [record for batch in split(data) for record in records(batch)]


@given(written, codecs, st.integers(0, 2**40))
def test_what_aiokafka_writes_is_read_back_equal(content: list[Any], codec: int, base: int) -> None:
    expected = [
        RawRecord(base + number, key, value, tuple(fields)) for number, (key, value, fields) in enumerate(content)
    ]
    data = build(content, codec, base)
    assert read(data) == expected
    [batch] = split(data)
    assert (batch.base_offset, batch.next_offset) == (base, base + len(content))


@settings(max_examples=400)
@given(written, codecs, st.data())
def test_any_byte_changed_or_cut_raises_nothing_else(content: list[Any], codec: int, data: st.DataObject) -> None:
    """With the checksum that a forger would give it, and without."""
    batch = bytearray(build(content, codec, base=7))
    for _ in range(data.draw(st.integers(1, 4))):
        batch[data.draw(st.integers(0, len(batch) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(batch[: data.draw(st.integers(0, len(batch)))] if data.draw(st.booleans()) else batch)
    for hostile in (cut, sealed(cut) if len(cut) > 21 else cut):
        try:
            raw_records = read(hostile)
        except UnreadableBatch:
            continue
        offsets = [record.offset for record in raw_records]
        assert offsets == sorted(offsets)


@settings(max_examples=300)
@given(st.binary(max_size=300), st.integers(0, 7))
def test_any_bytes_as_a_packed_body_raise_nothing_else(data: bytes, codec: int) -> None:
    with contextlib.suppress(UnreadableBatch):
        assert len(unpacked(data, codec)) <= UNPACKED_BYTES


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_body_of_the_bound_is_read_and_one_byte_more_is_not(codec: int) -> None:
    assert len(unpacked(PACKED[codec](bytes(UNPACKED_BYTES)), codec)) == UNPACKED_BYTES
    with pytest.raises(UnreadableBatch, match="too-large"):
        unpacked(PACKED[codec](bytes(UNPACKED_BYTES + 1)), codec)


BOMB = """
import resource, sys
from shared.messaging.decompression import UnreadableBatch, unpacked
data = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    unpacked(data, int(sys.argv[1]))
except UnreadableBatch as error:
    print(error.reason, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_bomb_takes_no_more_memory_than_the_bound(codec: int) -> None:
    """512 MiB of nothing, in a process of its own, whose peak is asked of the system: what a library takes counts too.
    On top of what comes out there is what a codec looks back upon, and the packed bytes."""
    bomb = PACKED[codec](bytes(512 * 1024 * 1024))
    argv = [sys.executable, "-c", BOMB, str(codec)]
    done = subprocess.run(argv, input=bomb, capture_output=True, check=True)
    reason, grown = done.stdout.decode().split()
    unit = 1 if sys.platform == "darwin" else 1024
    assert reason == "too-large"
    assert int(grown) * unit < 4 * UNPACKED_BYTES


def test_one_record_that_cannot_be_read_stands_between_the_others() -> None:
    data = build([(b"a", b"1", []), (b"b", b"2", [("name", b"x")]), (b"c", b"3", [])], 0)
    broken = sealed(data.replace(b"\x08name", b"\x7fname"))  # a name longer than its record
    first, second, third = read(broken)
    assert (first.offset, third.offset) == (0, 2)
    assert isinstance(first, RawRecord)
    assert isinstance(third, RawRecord)
    assert isinstance(second, Unreadable)
    assert (second.offset, second.last_offset, second.reason) == (1, 1, "record")
    assert b"name" in second.data


def test_where_a_length_cannot_be_trusted_the_rest_stands_as_one() -> None:
    data = build([(b"a", b"1", []), (b"b", b"2", []), (b"c", b"3", [])], 0)
    start = data.index(b"\x02b\x02") - 4  # the length comes before attributes, time, offset and the key's length
    broken = sealed(data[:start] + b"\x7e" + data[start + 1 :])
    first, rest = read(broken)
    assert isinstance(first, RawRecord)
    assert isinstance(rest, Unreadable)
    assert (rest.offset, rest.last_offset) == (1, 2)


def test_a_header_name_that_is_no_utf8_is_replaced() -> None:
    data = sealed(build([(b"k", b"v", [("name", b"x")])], 0).replace(b"name", b"n\xffme"))
    [record] = read(data)
    assert isinstance(record, RawRecord)
    assert record.headers == (("n\ufffdme", b"x"),)


def test_a_checksum_that_does_not_fit_is_noticed_before_anything_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_batches, "unpacked", None)
    data = build([(b"k", b"v" * 50, [])], 4)
    with pytest.raises(UnreadableBatch, match="crc"):
        read(data[:-1] + b"?")


def test_a_control_batch_holds_nothing_and_gives_the_next_offset() -> None:
    data = bytearray(build([(b"\0\0\0\1", b"\0\0\0\0\0\0", [])], 0, base=41))
    data[22] |= 0x30  # transactional, control
    [batch] = split(sealed(bytes(data)))
    assert list(records(batch)) == []
    assert batch.next_offset == 42


def test_the_formats_before_the_present_one_are_framed_and_refused() -> None:
    message = struct.pack(">IbBqii", 0, 1, 0, 0, -1, -1)
    old = struct.pack(">qi", 9, len(message)) + message
    batches = list(split(old + build([(None, b"v", [])], 0, base=10)))
    assert [(batch.magic, batch.next_offset) for batch in batches] == [(1, 10), (2, 11)]
    with pytest.raises(UnreadableBatch, match="format"):
        list(records(batches[0]))


def test_a_slice_is_plain_up_to_the_first_batch_that_is_packed() -> None:
    plain, packed = build([(None, b"v", [])], 0), build([(None, b"v", [])], 1)
    assert record_batches.plain_prefix(plain + plain) == 2 * len(plain)
    assert record_batches.plain_prefix(plain + packed + plain) == len(plain)
    assert record_batches.plain_prefix(packed) == 0
    assert record_batches.plain_prefix(plain + packed[:30]) == len(plain) + 30  # aiokafka drops what is cut off


def plain(base: int, *values: bytes) -> bytes:
    return build([(None, value, []) for value in values], 0, base)


def compressed(base: int, *values: bytes) -> bytes:
    return build([(None, value, []) for value in values], 4, base)


@given(
    st.lists(st.tuples(st.lists(st.binary(max_size=9), min_size=1, max_size=5), codecs), max_size=6), st.integers(1, 7)
)
def test_a_log_is_read_to_its_end_in_steps_of_any_size(content: list[tuple[list[bytes], int]], most: int) -> None:
    log = b""
    expected: list[bytes] = []
    for values, codec in content:
        log += build([(None, value, []) for value in values], codec, len(expected))
        expected += values
    read_values: list[bytes | None] = []
    offset = 0
    while offset < len(expected):
        step, going_on = read_slice(log, offset, len(expected), most)
        assert going_on > offset
        assert len(step) <= most
        read_values += [record.value for record in step if isinstance(record, RawRecord)]
        offset = going_on
    assert read_values == expected


def test_no_more_than_one_batch_is_unpacked_at_a_time() -> None:
    raw_records, going_on = read_slice(plain(0, b"a") + compressed(1, b"b", b"c") + compressed(3, b"d"), 0, 4, 500)
    assert ([record.offset for record in raw_records], going_on) == ([0, 1, 2], 3)


def test_what_cannot_be_read_is_not_believed_past_the_end_of_the_log() -> None:
    """The last offset that a batch states, too, may be what is broken."""
    broken = plain(5, b"a", b"b")[:23] + struct.pack(">i", 1_000_000) + plain(5, b"a", b"b")[27:]
    [letter], going_on = read_slice(broken, 5, 7, 500)
    assert isinstance(letter, Unreadable)
    assert (letter.offset, letter.last_offset, letter.reason, going_on) == (5, 6, "crc", 7)


def test_what_is_no_log_at_all_is_raised_only_when_nothing_precedes_it() -> None:
    nonsense = b"\xff" * 100
    assert read_slice(plain(0, b"a") + nonsense, 0, 2, 500)[1] == 1
    with pytest.raises(UnreadableBatch, match="format"):
        read_slice(nonsense, 1, 2, 500)
