"""Unpacks what Kafka's codecs have packed, within a bound."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cramjam

UNPACKED_BYTES = 16 * 1024 * 1024
"""Bytes that the records of one batch may have when unpacked."""
_XERIAL = b"\x82SNAPPY\0"
_XERIAL_HEADER = 16
_SMALL = 64 * 1024


class UnreadableBatch(Exception):
    """A batch that cannot be taken apart; `reason` is a token: `crc`, `codec`, `too-large`, `packing`, `format`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
    """One gzip member, as every client writes it: a thousand small members would mean a thousand copies of the rest."""
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
    out, start = bytearray(), _XERIAL_HEADER
    while start < len(data):
        if start + 4 > len(data):
            raise UnreadableBatch("packing")
        size = int.from_bytes(data[start : start + 4], "big")
        if start + 4 + size > len(data):
            raise UnreadableBatch("packing")
        out += _unsnap_block(data[start + 4 : start + 4 + size], UNPACKED_BYTES - len(out))
        start += 4 + size
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
    """Unpacks into a buffer that is enlarged up to the bound: neither format has to state the size of its content."""
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
