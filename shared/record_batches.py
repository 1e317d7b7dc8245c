"""A reader of Kafka's record batches that bounds what it unpacks and holds a fault to the one record it lies in.

Message format v2 (https://kafka.apache.org/documentation/#messageformat) with each of its codecs; control batches
(transaction markers) hold nothing to read. Formats v0 and v1, which brokers since 4.0 neither take nor keep, are not
unpacked. Whatever the bytes are, nothing but `UnreadableBatch` is raised.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cramjam
from aiokafka.record.util import calc_crc32c

UNPACKED_BYTES = 16 * 1024 * 1024
"""What the records of one batch may take up when unpacked."""

_FRAME = struct.Struct(">qi")
_HEADER = struct.Struct(">qiibIhiqqqhii")
_CRC_FROM = 21
_MAGIC_AT = 16
_LEAST_LEGACY = 14
_CODEC, _CONTROL = 0x07, 0x20
_XERIAL = b"\x82SNAPPY\0"
_XERIAL_HEADER = 16
_SMALL = 64 * 1024
_HEADERS = 1000


class UnreadableBatch(Exception):
    """A batch that cannot be taken apart; `reason` is a token: `crc`, `codec`, `too-large`, `packing`, `format`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as aiokafka gives it; of header names that are no UTF-8, the faulty bytes are replaced."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands in the place of records that cannot be read: their bytes, and up to which offset."""

    offset: int
    last_offset: int
    data: bytes
    reason: str


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
        """In the format of today and not compressed."""
        return self.magic == 2 and not self.attributes & _CODEC


def split(data: bytes) -> Iterator[Batch]:
    """The whole batches of a fetched slice of a log; brokers cut the last one off where the slice ends.

    Raises UnreadableBatch (`format`) where no batch begins; nothing behind it can be found.
    """
    at = 0
    while at + _FRAME.size <= len(data):
        base_offset, length = _FRAME.unpack_from(data, at)
        if length < _LEAST_LEGACY or base_offset < 0:
            raise UnreadableBatch("format")
        end = at + _FRAME.size + length
        if end > len(data):
            return
        magic = data[at + _MAGIC_AT]
        if magic < 2:
            yield Batch(data[at:end], base_offset, base_offset, magic, 0)
        elif at + _HEADER.size > end:
            raise UnreadableBatch("format")
        else:
            fields = _HEADER.unpack_from(data, at)
            yield Batch(data[at:end], base_offset, base_offset + max(0, fields[6]), magic, fields[5])
        at = end


def plain_prefix(data: bytes) -> int:
    """How many bytes of a fetched slice come before the first batch that is not `plain`; all, if there is none."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, magic = struct.unpack_from(">i", data, at + 8)[0], data[at + _MAGIC_AT]
        if length < _LEAST_LEGACY or magic != 2 or data[at + 22] & _CODEC:
            return at
        at += _FRAME.size + length
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
    at, expected = 0, batch.base_offset
    for _ in range(max(0, count)):
        try:
            length, start = _varint(body, at)
            end = start + length
            if length < 1 or end > len(body):
                raise _Broken
        except _Broken:
            break
        one = _record(body, start, end, batch, expected)
        yield one
        at, expected = end, one.offset + 1
        if expected > batch.last_offset:
            break
    if at < len(body):
        yield Unreadable(min(expected, batch.last_offset), batch.last_offset, body[at:], "record")


def unpacked(data: bytes, codec: int) -> bytes:
    """The records' bytes. Raises UnreadableBatch: `packing`, `too-large`, and `codec` for one that is not known."""
    try:
        match codec:
            case 0:
                return _bounded(data)
            case 1:
                return _gunzip(data)
            case 2:
                return _unsnap(data)
            case 3:
                return _grown(cramjam.lz4.decompress_into, data)
            case 4:
                return _grown(cramjam.zstd.decompress_into, data)
            case _:
                raise UnreadableBatch("codec")
    except (cramjam.DecompressionError, zlib.error):
        raise UnreadableBatch("packing") from None


def _bounded(data: bytes) -> bytes:
    if len(data) > UNPACKED_BYTES:
        raise UnreadableBatch("too-large")
    return data


def _gunzip(data: bytes) -> bytes:
    """One gzip member, as every client writes it: a thousand small ones would take a thousand copies of the rest."""
    member = zlib.decompressobj(wbits=31)
    out = member.decompress(data, UNPACKED_BYTES + 1)
    if len(out) > UNPACKED_BYTES:
        raise UnreadableBatch("too-large")
    if not member.eof or member.unused_data:
        raise UnreadableBatch("packing")
    return out


def _unsnap(data: bytes) -> bytes:
    """Snappy in the frames of the xerial library, as Kafka's clients write it, or bare. Each block names its size."""
    if not data.startswith(_XERIAL):
        return bytes(_unsnap_block(data, UNPACKED_BYTES))
    out, at = bytearray(), _XERIAL_HEADER
    while at < len(data):
        if at + 4 > len(data):
            raise UnreadableBatch("packing")
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + size > len(data):
            raise UnreadableBatch("packing")
        out += _unsnap_block(data[at + 4 : at + 4 + size], UNPACKED_BYTES - len(out))
        at += 4 + size
    return bytes(out)


def _unsnap_block(block: bytes, room: int) -> bytearray:
    size = cramjam.snappy.decompress_raw_len(block)
    if size > room:
        raise UnreadableBatch("too-large")
    out = bytearray(size)
    if size and cramjam.snappy.decompress_raw_into(block, out) != size:
        raise UnreadableBatch("packing")
    return out


def _grown(unpack_into: Callable[[bytes, bytearray], int], data: bytes) -> bytes:
    """Into a buffer that is tried larger as long as it may be: neither frame need say how much it holds."""
    room = min(UNPACKED_BYTES, max(_SMALL, 8 * len(data)))
    while True:
        out = bytearray(room)
        try:
            return bytes(memoryview(out)[: unpack_into(data, out)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise
            if room == UNPACKED_BYTES:
                raise UnreadableBatch("too-large") from None
        room = min(UNPACKED_BYTES, 8 * room)


class _Broken(Exception):
    """A field does not end where it must."""


def _record(body: bytes, at: int, end: int, batch: Batch, expected: int) -> RawRecord | Unreadable:
    start, offset = at, expected
    try:
        _, at = _varint(body, at + 1)
        delta, at = _varint(body, at)
        if not expected <= batch.base_offset + delta <= batch.last_offset:
            raise _Broken
        offset = batch.base_offset + delta
        key, at = _bytes(body, at, end)
        value, at = _bytes(body, at, end)
        count, at = _varint(body, at)
        if not 0 <= count <= _HEADERS:
            raise _Broken
        headers = []
        for _ in range(count):
            name, at = _bytes(body, at, end)
            if name is None:
                raise _Broken
            content, at = _bytes(body, at, end)
            headers.append((name.decode("utf-8", "replace"), content))
        if at != end:
            raise _Broken
    except _Broken:
        return Unreadable(offset, offset, body[start:end], "record")
    return RawRecord(offset, key, value, tuple(headers))


def _bytes(body: bytes, at: int, end: int) -> tuple[bytes | None, int]:
    size, at = _varint(body, at)
    if size < 0:
        return None, at
    if at + size > end:
        raise _Broken
    return body[at : at + size], at + size


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """A zigzag number of at most ten bytes, and where it ends."""
    value = shift = 0
    for byte in body[at : at + 10]:
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7
    raise _Broken
