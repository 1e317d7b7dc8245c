"""Papers whose period has ended are dropped."""

from __future__ import annotations

import asyncpg

from services.customs import store
from shared.clock import Clock
from shared.loop import Loop

INTERVAL_SECONDS = 3600.0


async def keep_dropping_expired(pool: asyncpg.Pool[asyncpg.Record], clock: Clock, loop: Loop) -> None:
    """Once an hour until cancelled; periods are of business time."""

    async def step() -> None:
        async with pool.acquire() as db, db.transaction():
            await store.forget(db, clock.now())

    await loop.repeat(step, INTERVAL_SECONDS)
