"""Once an hour: deletes what was kept for repeats and retries only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from shared.db import DB
from shared.loop import Loop

EVERY_SECONDS = 3600.0
SLICE_ROWS = 5_000


async def keep_pruning(pool: asyncpg.Pool[asyncpg.Record], retention_days: int, loop: Loop) -> None:
    """At the start and each hour, until cancelled. Facts stay."""
    await hourly(pool, lambda db: prune(db, retention_days), loop)


async def hourly(pool: asyncpg.Pool[asyncpg.Record], drop: Callable[[DB], Awaitable[None]], loop: Loop) -> None:
    """At the start and each hour, until cancelled."""

    async def step() -> None:
        async with pool.acquire() as db:
            await loop.while_waiting(drop(db))

    await loop.repeat(step, EVERY_SECONDS)


async def delete_in_slices(db: DB, statement: str, *arguments: object) -> None:
    """Runs it until it finds less than a slice: the number of its rows is the last parameter."""
    while await db.execute(statement, *arguments, SLICE_ROWS) == f"DELETE {SLICE_ROWS}":
        pass


async def prune(db: DB, retention_days: int) -> None:
    """Sent outbox rows, idempotency keys and foreign records older than this (real days). Jobs stay: what was done is
    not done again.

    In slices, each of which ends long before the time-out of a statement. The outbox is read from its oldest row on,
    as far as there is something to drop.
    """
    days, seen, dropped = float(retention_days), 0, 1
    while dropped:
        [(seen, dropped)] = await db.fetch(
            """with slice as (select id, sent_at from outbox where id > $3 order by id limit $2),
                    gone as (delete from outbox using slice where outbox.id = slice.id
                             and slice.sent_at < now() - $1 * interval '1 day' returning 1)
               select coalesce(max(id), 0), (select count(*) from gone) from slice""",
            days,
            SLICE_ROWS,
            seen,
        )
    keys = """delete from idempotency_keys where (principal, key) in (
                  select principal, key from idempotency_keys
                  where created_at < now() - $1 * interval '1 day' order by created_at limit $2)"""
    await delete_in_slices(db, keys, days)
    foreign = """delete from dead_letters where id in (
                     select id from dead_letters
                     where fate = 'foreign' and died_at < now() - $1 * interval '1 day' limit $2)"""
    await delete_in_slices(db, foreign, days)
