"""Looks go on their end dates, with from where they came; what was counted stays."""

from __future__ import annotations

import asyncpg

from services.provenance.store import looks
from shared.loop import Loop

RETENTION_SECONDS = 3600.0


async def keep_dropping_expired(pool: asyncpg.Pool[asyncpg.Record], loop: Loop) -> None:
    """At the start and each hour, until cancelled."""

    async def step() -> None:
        async with pool.acquire() as db, db.transaction():
            await looks.drop_expired(db)

    await loop.repeat(step, RETENTION_SECONDS)
