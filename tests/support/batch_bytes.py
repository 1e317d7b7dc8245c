"""Batches of records as bytes, as producers build them, and appended to a log as they are."""

from __future__ import annotations

import gzip
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import cramjam
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import snappy_encode
from aiokafka.errors import NotLeaderForPartitionError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from tests.support.waiting import until

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


@asynccontextmanager
async def raw_client(bootstrap: str, topic: str) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    await client.set_topics([topic])
    await client._maybe_wait_metadata()
    try:
        yield client
    finally:
        await client.close()


async def append(bootstrap: str, partition: TopicPartition, batch: bytes) -> int:
    """Has the broker append these bytes; the offset that the first record got."""
    request = ProduceRequest(None, -1, 5000, [(partition.topic, [(partition.partition, batch)])])
    async with raw_client(bootstrap, partition.topic) as client:

        async def first_offset() -> tuple[int] | None:
            answer = await client.send(client.cluster.leader_for_partition(partition), request)
            [(_, [(_, code, offset, *_)])] = answer.topics
            assert code in (0, NotLeaderForPartitionError.errno), code  # the topic may be a moment old
            return None if code else (offset,)

        return (await until(first_offset))[0]
