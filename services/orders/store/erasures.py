"""The append-only record of erasures, and the tombstones that are published until the topic holds no record any more.

Times of tombstones are real time: they follow the broker's compaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.db import DB


async def append(db: DB, order_id: UUID, step: Literal["requested", "done"], actor: str, now: datetime) -> None:
    """Records that an erasure was requested or carried out, and by whom."""
    await db.execute(
        "insert into erasures (order_id, step, actor, occurred_at) values ($1, $2, $3, $4)", order_id, step, actor, now
    )


async def add_tombstone(db: DB, order_id: UUID) -> None:
    """The tombstone of this order was published; it is due again until the record is deleted from the topic."""
    await db.execute("insert into tombstones (order_id) values ($1) on conflict do nothing", order_id)


async def take_due_tombstones(db: DB, *, every_hours: int, limit: int) -> list[UUID]:
    """The orders whose tombstone is due again, marked as published now."""
    rows = await db.fetch(
        """with due as (
               select order_id from tombstones
               where deleted_at is null and published_at < now() - $1 * interval '1 hour'
               order by published_at limit $2 for update skip locked)
           update tombstones set published_at = now() from due where tombstones.order_id = due.order_id
           returning tombstones.order_id""",
        every_hours,
        limit,
    )
    return [row["order_id"] for row in rows]


async def unchecked(db: DB, *, after_hours: int, again_hours: int, limit: int) -> set[UUID]:
    """Erased orders whose record should be deleted from the topic by now, and was not looked for in the last
    `again_hours`: the longest waiting first."""
    rows = await db.fetch(
        """select order_id from tombstones
           where deleted_at is null and first_published_at < now() - $1 * interval '1 hour'
             and (checked_at is null or checked_at < now() - $2 * interval '1 hour')
           order by coalesce(checked_at, first_published_at) limit $3""",
        after_hours,
        again_hours,
        limit,
    )
    return {row["order_id"] for row in rows}


async def save_check(db: DB, checked: Collection[UUID], deleted: Collection[UUID]) -> None:
    """The records of these orders were looked for on the topic; those of `deleted` are not there any more."""
    await db.execute(
        """update tombstones set checked_at = now(), deleted_at = case when order_id = any($2) then now() end
           where order_id = any($1)""",
        list(checked),
        list(deleted),
    )


async def count_unfinished(db: DB, *, days: int) -> int:
    """How many erasures of so many days ago are not known to be effective on the topic."""
    count: int = await db.fetchval(
        """select count(*) from tombstones
           where deleted_at is null and first_published_at < now() - $1 * interval '1 day'""",
        days,
    )
    return count
