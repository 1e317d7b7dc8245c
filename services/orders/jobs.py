"""Erasing the person's record: at once when the order has ended, else when it does."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from uuid import UUID

from aiokafka.errors import KafkaError

from contracts.base import Event
from contracts.cases import CaseOpened
from services.orders import store
from services.orders.domain.cases import CASE_DUE_AFTER, LOOK_INTO, SERVICE
from services.orders.domain.decide import ERASE_PERSON
from shared import persons
from shared.db import DB, TRANSIENT
from shared.jobs.worker import ClaimedJob, Done, JobKind
from shared.ledger.facts import Facts, PersonErased
from shared.loop import Loop
from shared.messaging.partition_log import reading
from shared.platform import Platform
from shared.settings import PlatformSettings

REPEAT_HOURS = 24
"""A tombstone is said again daily until the record is gone from the topic: compaction needs an append."""
CHECK_AFTER_HOURS = 24
CHECK_SECONDS = 6 * 3600.0
"""Reading the topic to its end takes a while, so it is done only when an erasure is old enough, and rarely."""
CHECK_TOGETHER = 50_000
"""The topic is read once for all of these, however many they are."""
CHECK_AGAIN_HOURS = 5
"""Less than `CHECK_SECONDS`: each round looks once at every record that the last one found."""
ROUND_SECONDS = 20
AT_A_TIME = 500


async def erase(platform: Platform, db: DB, facts: Facts, by: str) -> None:
    """Drops the record and all that follows from it, here and for every reader, and notes it. Once an order."""
    if PersonErased in facts:
        return
    order_id, now = facts.order_id, platform.clock.now()
    await platform.persons.erase(db, order_id)
    await store.forget(db, order_id)
    await store.note_erasure(db, order_id, "done", by, now)
    await store.note_tombstone(db, order_id)
    await platform.ledger.record(db, consumed=[PersonErased(order_id=order_id, occurred_at=now)])


async def restored(platform: Platform, db: DB, events: Sequence[Event]) -> None:
    """What belongs to an erasure that a restored database had forgotten: its record, and that it is repeated until it
    is effective. Who had it done is not known any more."""
    now = platform.clock.now()
    for event in events:
        if isinstance(event, PersonErased):
            await store.forget(db, event.order_id)
            await store.note_erasure(db, event.order_id, "done", "restore", now)
            await store.note_tombstone(db, event.order_id)


def erase_person(platform: Platform) -> JobKind:
    """The job owed at an order's end, or when its record has outlived its purpose."""

    async def run(_job: ClaimedJob) -> Done:
        async def save(db: DB, facts: Facts) -> None:
            await erase(platform, db, facts, by="orders")

        return Done(save=save)

    def exhausted(job: ClaimedJob, _reason: str) -> Sequence[Event]:
        now = platform.clock.now()
        return [
            CaseOpened(
                order_id=job.order_id,
                occurred_at=now,
                case="needs_attention:erasure",
                service=SERVICE,
                kind="needs_attention",
                matter="erasure",
                reason="erasure_failed",
                action=LOOK_INTO,
                due_at=now + CASE_DUE_AFTER,
            )
        ]

    return JobKind(ERASE_PERSON, "orders.personal", run, exhausted)


async def repeat_tombstones(platform: Platform, loop: Loop) -> None:
    """Says erasures again, daily, until compaction has run. Real time."""
    while True:
        loop.tick()
        try:
            async with platform.ledger.transaction() as db:
                due = await store.tombstones_to_repeat(db, every_hours=REPEAT_HOURS, limit=AT_A_TIME)
                for order_id in due:
                    await platform.persons.repeat_erasure(db, order_id)
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(ROUND_SECONDS)


async def check_erasures(platform: Platform, loop: Loop, together: int = CHECK_TOGETHER) -> None:
    """Looks whether erased records are gone from the topic, until cancelled. Real time. Rests only when it has looked
    at all that are due."""
    while True:
        loop.tick()
        try:
            async with platform.pool.acquire() as db:
                wanted = await store.erasures_to_check(
                    db, hours=CHECK_AFTER_HOURS, again_hours=CHECK_AGAIN_HOURS, limit=together
                )
            if wanted:
                gone = wanted - await still_there(platform.settings, wanted, loop)
                async with platform.pool.acquire() as db:
                    await store.note_checked(db, wanted, gone)
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        if len(wanted) < together:
            await loop.sleep(CHECK_SECONDS)


async def still_there(settings: PlatformSettings, order_ids: Collection[UUID], loop: Loop) -> set[UUID]:
    """Those of these orders whose sealed record can still be read from the topic."""
    keys = {str(order_id).encode(): order_id for order_id in order_ids}
    found: set[UUID] = set()
    async with reading(settings) as probe:
        partitions = await probe.partitions([persons.TOPIC])
        async for _, record in probe.records_since(await probe.beginnings(partitions)):
            loop.tick()
            if record.value and record.key in keys:
                found.add(keys[record.key])
    return found
