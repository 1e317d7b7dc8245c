"""Batches of records as bytes, as producers build them."""

from __future__ import annotations

import gzip
import struct
from typing import Any

import cramjam
from aiokafka.codec import snappy_encode
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
PACKED = {
    1: gzip.compress,
    2: snappy_encode,
    3: lambda data: bytes(cramjam.lz4.compress(data)),
    4: lambda data: bytes(cramjam.zstd.compress(data)),
}


def build(content: list[Any], codec: int, base: int = 0) -> bytes:
    """A batch as aiokafka's producer builds it, at the offset that a broker gives it."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 26,
    )
    for number, (key, value, fields) in enumerate(content):
        builder.append(number, timestamp=1_700_000_000_000 + number, key=key, value=value, headers=fields)
    return struct.pack(">q", base) + bytes(builder.build())[8:]


def sealed(data: bytes) -> bytes:
    """The batch with the checksum that its content has."""
    return data[:17] + struct.pack(">I", calc_crc32c(data[21:])) + data[21:]
