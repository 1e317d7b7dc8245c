"""Documents and raw reports go on their end dates."""

from __future__ import annotations

import asyncpg

from services.carrier.store import bordereaux, callbacks, details, feed_files, labels, scans
from shared.loop import Loop

RETENTION_SECONDS = 3600.0


async def keep_dropping_expired(pool: asyncpg.Pool[asyncpg.Record], loop: Loop) -> None:
    """At the start and each hour, until cancelled."""

    async def step() -> None:
        async with pool.acquire() as db, db.transaction():
            await labels.drop_expired(db)
            await bordereaux.drop_expired(db)
            await scans.drop_expired(db)
            await callbacks.drop_expired(db)
            await details.drop_expired(db)
            await feed_files.drop_expired(db)

    await loop.repeat(step, RETENTION_SECONDS)
