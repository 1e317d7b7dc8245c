"""Erasing the person's record: at once when the order has ended, else when it does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from contracts.base import Event
from contracts.cases import CaseOpened
from services.orders import store
from services.orders.amendments import LOOK_INTO, PERSON_ANSWERS_IN
from services.orders.domain import ERASE_PERSON
from shared.db import DB, TRANSIENT
from shared.facts import Facts, PersonErased
from shared.jobs import ClaimedJob, Done, JobKind
from shared.service import Platform
from shared.telemetry import Loop

REPEAT_HOURS = 24
REPEAT_DAYS = 30
"""A tombstone is said again daily for so long: compaction needs an append, and runs well within this."""
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
    await platform.ledger.record(db, heard=[PersonErased(order_id=order_id, occurred_at=now)])


def erase_person(platform: Platform) -> JobKind:
    """The job owed at an order's end, or when its record has outlived its purpose."""

    async def run(_job: ClaimedJob) -> Done:
        async def save(db: DB, facts: Facts) -> None:
            await erase(platform, db, facts, by="orders")

        return Done(save=save)

    def exhausted(job: ClaimedJob, reason: str) -> Sequence[Event]:
        now = platform.clock.now()
        return [
            CaseOpened(
                order_id=job.order_id,
                occurred_at=now,
                case="needs_attention:erasure",
                kind="needs_attention",
                reason=reason,
                action=LOOK_INTO,
                due_at=now + PERSON_ANSWERS_IN,
            )
        ]

    return JobKind(ERASE_PERSON, "orders.personal", run, exhausted)


async def repeat_tombstones(platform: Platform, loop: Loop) -> None:
    """Says erasures again, daily, until compaction has surely run. Real time."""
    while True:
        loop.tick()
        try:
            async with platform.ledger.transaction() as db:
                due = await store.tombstones_to_repeat(db, every_hours=REPEAT_HOURS, days=REPEAT_DAYS, limit=AT_A_TIME)
                for order_id in due:
                    await platform.persons.repeat_erasure(db, order_id)
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(ROUND_SECONDS)
