"""A reader of Kafka's record batches that bounds what it unpacks, and confines a fault to the one record that has it.

Message format v2 (https://kafka.apache.org/documentation/#messageformat) with each of its codecs; control batches
(transaction markers) hold nothing to read. Formats v0 and v1, which brokers since 4.0 neither take nor keep, are not
unpacked. Whatever the bytes are, nothing but `UnreadableBatch` is raised.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from aiokafka.record.util import calc_crc32c

from shared.messaging.decompression import UnreadableBatch, unpacked

_FRAME = struct.Struct(">qi")
_HEADER = struct.Struct(">qiibIhiqqqhii")
_CRC_FROM = 21
_MAGIC_AT = 16
_LEAST_LEGACY = 14
_CODEC, _CONTROL = 0x07, 0x20
_HEADERS = 1000


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as aiokafka gives it; in header names that are not UTF-8, the faulty bytes are replaced."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        return (
            len(self.key or b"") + len(self.value or b"") + sum(len(name) + len(v or b"") for name, v in self.headers)
        )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for records that cannot be read: their bytes, and their offsets."""

    offset: int
    last_offset: int
    data: bytes
    reason: str

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Batch:
    """A whole batch with its frame, nothing of it unpacked yet."""

    data: bytes
    base_offset: int
    last_offset: int
    magic: int
    attributes: int

    @property
    def next_offset(self) -> int:
        return self.last_offset + 1

    @property
    def plain(self) -> bool:
        """In the current format and not compressed."""
        return self.magic == 2 and not self.attributes & _CODEC


def split(data: bytes) -> Iterator[Batch]:
    """The whole batches of a fetched slice of a log; brokers cut the last one off where the slice ends.

    Raises UnreadableBatch (`format`) where no batch begins; nothing behind it can be found.
    """
    start = 0
    while start + _FRAME.size <= len(data):
        base_offset, length = _FRAME.unpack_from(data, start)
        if length < _LEAST_LEGACY or base_offset < 0:
            raise UnreadableBatch("format")
        end = start + _FRAME.size + length
        if end > len(data):
            return
        magic = data[start + _MAGIC_AT]
        if magic < 2:
            yield Batch(data[start:end], base_offset, base_offset, magic, 0)
        elif start + _HEADER.size > end:
            raise UnreadableBatch("format")
        else:
            fields = _HEADER.unpack_from(data, start)
            yield Batch(data[start:end], base_offset, base_offset + max(0, fields[6]), magic, fields[5])
        start = end


def plain_prefix(data: bytes) -> int:
    """How many bytes of a fetched slice come before the first batch that is not `plain`; all, if there is none."""
    start = 0
    while start + _HEADER.size <= len(data):
        length, magic = struct.unpack_from(">i", data, start + 8)[0], data[start + _MAGIC_AT]
        if length < _LEAST_LEGACY or magic != 2 or data[start + 22] & _CODEC:
            return start
        start += _FRAME.size + length
    return len(data)


def records(batch: Batch) -> Iterator[RawRecord | Unreadable]:
    """What a batch holds, in the order of offsets, one at a time; nothing for a control batch.

    A record that cannot be read stands as `Unreadable` between the others; where not even its length can be trusted,
    it and all that follows stand as one. Raises UnreadableBatch when nothing can be read.
    """
    if batch.magic != 2:
        raise UnreadableBatch("format")
    count, crc = _HEADER.unpack_from(batch.data)[12], _HEADER.unpack_from(batch.data)[4]
    if calc_crc32c(batch.data[_CRC_FROM:]) != crc:
        raise UnreadableBatch("crc")
    if batch.attributes & _CONTROL:
        return
    body = unpacked(batch.data[_HEADER.size :], batch.attributes & _CODEC)
    index, expected = 0, batch.base_offset
    for _ in range(max(0, count)):
        try:
            length, start = _varint(body, index)
            end = start + length
            if length < 1 or end > len(body):
                raise _Broken
        except _Broken:
            break
        record = _record(body, start, end, batch, expected)
        yield record
        index, expected = end, record.offset + 1
        if expected > batch.last_offset:
            break
    if index < len(body):
        yield Unreadable(min(expected, batch.last_offset), batch.last_offset, body[index:], "record")


def read_slice(data: bytes, position: int, end: int, most: int) -> tuple[list[RawRecord | Unreadable], int]:
    """What a fetched slice holds from this position on, `most` at the most, and where to go on.

    Ends behind a batch that is not plain, so that no more than one is unpacked at a time. `end` is the high watermark:
    what cannot be read may state any last offset, and is believed only up to there. Raises UnreadableBatch (`format`)
    when not even the first batch can be told from the next.
    """
    records_read: list[RawRecord | Unreadable] = []
    next_offset = position
    batches = split(data)
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            break
        except UnreadableBatch:
            if next_offset > position:
                break
            raise
        if batch.next_offset <= next_offset:
            continue
        try:
            for record in records(batch):
                if record.offset >= next_offset:
                    records_read.append(record)
                    next_offset = record.offset + 1 if isinstance(record, RawRecord) else record.last_offset + 1
                if len(records_read) >= most:
                    return records_read, next_offset
            next_offset = batch.next_offset
        except UnreadableBatch as error:
            first = max(next_offset, batch.base_offset)
            last = max(first, min(batch.last_offset, end - 1))
            records_read.append(Unreadable(first, last, batch.data, error.reason))
            next_offset = last + 1
        if not batch.plain or len(records_read) >= most:
            break
    return records_read, next_offset


class _Broken(Exception):
    """A field does not end where it must."""


def _record(body: bytes, index: int, end: int, batch: Batch, expected: int) -> RawRecord | Unreadable:
    start, offset = index, expected
    try:
        _, index = _varint(body, index + 1)
        delta, index = _varint(body, index)
        if not expected <= batch.base_offset + delta <= batch.last_offset:
            raise _Broken
        offset = batch.base_offset + delta
        key, index = _bytes(body, index, end)
        value, index = _bytes(body, index, end)
        count, index = _varint(body, index)
        if not 0 <= count <= _HEADERS:
            raise _Broken
        headers = []
        for _ in range(count):
            name, index = _bytes(body, index, end)
            if name is None:
                raise _Broken
            content, index = _bytes(body, index, end)
            headers.append((name.decode("utf-8", "replace"), content))
        if index != end:
            raise _Broken
    except _Broken:
        return Unreadable(offset, offset, body[start:end], "record")
    return RawRecord(offset, key, value, tuple(headers))


def _bytes(body: bytes, index: int, end: int) -> tuple[bytes | None, int]:
    size, index = _varint(body, index)
    if size < 0:
        return None, index
    if index + size > end:
        raise _Broken
    return body[index : index + size], index + size


def _varint(body: bytes, index: int) -> tuple[int, int]:
    """A zigzag number of at most ten bytes, and where it ends."""
    value = shift = 0
    for byte in body[index : index + 10]:
        index += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), index
        shift += 7
    raise _Broken
