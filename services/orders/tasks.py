"""The loops that make erasures effective on the topic of persons. Real time."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import asyncpg
from aiokafka.errors import KafkaError

from services.orders.store import erasures
from services.persons.records import TOPIC, Persons
from shared.db import TRANSIENT
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.messaging.partition_log import reading
from shared.settings import PlatformSettings

REPEAT_HOURS = 24
"""A tombstone is published again daily until the record is deleted from the topic: compaction needs an append."""
REPEAT_SECONDS = 20
REPEAT_BATCH = 500
CHECK_AFTER_HOURS = 24
CHECK_SECONDS = 6 * 3600.0
"""Reading the topic to its end takes a while, so it is done only when an erasure is old enough, and rarely."""
CHECK_BATCH = 50_000
"""The topic is read once for all of these."""
CHECK_AGAIN_HOURS = 5
"""Less than `CHECK_SECONDS`: each round looks once at every record that the last one found."""


async def repeat_tombstones(ledger: Ledger, persons: Persons, loop: Loop) -> None:
    """Publishes tombstones again until their records are deleted from the topic."""

    async def step() -> None:
        async with ledger.transaction() as db:
            for order_id in await erasures.take_due_tombstones(db, every_hours=REPEAT_HOURS, limit=REPEAT_BATCH):
                await persons.repeat_erasure(db, order_id)

    await loop.repeat(step, REPEAT_SECONDS)


async def check_erasures(
    pool: asyncpg.Pool[asyncpg.Record], settings: PlatformSettings, loop: Loop, batch: int = CHECK_BATCH
) -> None:
    """Looks whether erased records are deleted from the topic; waits when it has looked at all that are due."""

    async def step() -> float | None:
        async with pool.acquire() as db:
            due = await erasures.unchecked(
                db, after_hours=CHECK_AFTER_HOURS, again_hours=CHECK_AGAIN_HOURS, limit=batch
            )
        if due:
            deleted = due - await still_on_topic(settings, due, loop)
            async with pool.acquire() as db:
                await erasures.save_check(db, due, deleted)
        return None if len(due) < batch else 0

    await loop.repeat(step, CHECK_SECONDS, (KafkaError, *TRANSIENT))


async def still_on_topic(settings: PlatformSettings, order_ids: Collection[UUID], loop: Loop) -> set[UUID]:
    """Those of these orders whose sealed record can still be read from the topic."""
    by_key = {str(order_id).encode(): order_id for order_id in order_ids}
    readable: set[UUID] = set()
    async with reading(settings) as probe:
        partitions = await probe.partitions([TOPIC])
        async for _, record in probe.records_since(await probe.beginnings(partitions)):
            loop.tick()
            if record.value and record.key in by_key:
                readable.add(by_key[record.key])
    return readable
