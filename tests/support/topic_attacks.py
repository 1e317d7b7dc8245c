"""Attacks by who may write to a topic: others' facts, bytes that nobody can read, batches that unpack to more.

Each appends its records to one partition that the service reads, and waits until the service is past them.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg
import httpx
from aiokafka import TopicPartition

from contracts.base import Event
from contracts.topics import CARRIER
from contracts.warehouse import Shortage, StockRefused
from shared.ledger.outbox import headers, partition_of
from shared.messaging.decoder import FOREIGN_AN_HOUR
from shared.messaging.decompression import UNPACKED_BYTES
from tests.support.attacks import Victim
from tests.support.batch_bytes import CODECS, append, build, sealed
from tests.support.waiting import until

READ_SECONDS = 60.0
FORGED, FORGED_AT_ONCE = 3_000, 500
UNREADABLE = 100
BOMBS = 10

Fields = list[tuple[str, bytes]]


async def forged_facts(victim: Victim) -> str:
    """The warehouse's facts, on the carrier's topic: believed, each would close an order."""
    order = str(uuid4())
    facts = [_forged(victim, order) for _ in range(FORGED)]
    batches = [
        build([_record(fact) for fact in facts[begin : begin + FORGED_AT_ONCE]], CODECS["none"])
        for begin in range(0, FORGED, FORGED_AT_ONCE)
    ]
    return await _read_over(victim, order, batches, FORGED)


async def undecodable_records(victim: Victim) -> str:
    """A header's name that is no UTF-8, and a value that is no JSON."""
    order = str(uuid4())
    batches = []
    for _ in range(UNREADABLE):
        fact = _forged(victim, order)
        key, _, fields = _record(fact)
        named = build([(key, b"\xff\xfe", [*fields, ("strange", b"x")])], CODECS["none"])
        batches.append(sealed(named.replace(b"strange", b"str\xffnge")))
    return await _read_over(victim, order, batches, UNREADABLE)


async def packed_records(victim: Victim) -> str:
    """Forged facts in every codec of Kafka."""
    order = str(uuid4())
    batches = [build([_record(_forged(victim, order)) for _ in range(100)], codec) for codec in CODECS.values()]
    return await _read_over(victim, order, batches, 100 * len(CODECS))


async def unpacking_bombs(victim: Victim) -> str:
    """Twice what a batch may unpack to, in a few kilobytes."""
    order = str(uuid4())
    key, _, fields = _record(_forged(victim, order))
    bomb = build([(key, bytes(2 * UNPACKED_BYTES), fields)], CODECS["zstd"])
    return await _read_over(victim, order, [bomb] * BOMBS, BOMBS)


def _forged(victim: Victim, order: str) -> Event:
    shortage = Shortage(sku="SAVON-OLIVE-300", wanted=2, available=0)
    return StockRefused.model_validate(
        {"order_id": order, "occurred_at": victim.stack.clock.now(), "shortages": (shortage,), "id": uuid4()}
    )


def _record(fact: Event) -> tuple[bytes, bytes, Fields]:
    """As the carrier service would write it."""
    key = str(fact.stream.id)
    fields = headers(fact.id, fact.TYPE, "carrier", key, "0@0", None)
    return key.encode(), fact.model_dump_json().encode(), list(fields)


async def _read_over(victim: Victim, order: str, batches: Sequence[bytes], records: int) -> str:
    """Appends them and waits. AssertionError when the service is not ready then, or has kept more than it may."""
    partition = TopicPartition(CARRIER.name, partition_of(order))
    for batch in batches:
        last = await append(victim.stack.servers.kafka_bootstrap, partition, batch)
    db = await asyncpg.connect(victim.stack.dsns[victim.service])
    try:

        async def past() -> bool:
            position = "select next_offset from positions where topic = $1 and partition = $2"
            return int(await db.fetchval(position, *partition) or 0) > last

        await until(past, READ_SECONDS)
        foreign_letters = "select count(*) from dead_letters where topic = $1 and fate = 'foreign'"
        letters = await db.fetchval(foreign_letters, CARRIER.name)
        assert 0 < letters <= FOREIGN_AN_HOUR
        assert await db.fetchval("select count(*) from facts where stream_id = $1", UUID(order)) == 0
    finally:
        await db.close()
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        assert (await client.get(f"{victim.stack.internal_urls[victim.service]}/readyz")).status_code == httpx.codes.OK
    return f"{records} read over, {letters} kept of all on this topic"
