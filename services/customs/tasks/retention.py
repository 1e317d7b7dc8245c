"""Drops sent documents on their end dates."""

from __future__ import annotations

import asyncpg

from services.customs.destinations import DESTINATIONS
from services.customs.store import export_declarations
from shared.clock import Clock
from shared.loop import Loop

RETENTION_SECONDS = 3600.0
"""Real time between two rounds; the end dates are business time."""


async def keep_dropping_expired(pool: asyncpg.Pool[asyncpg.Record], clock: Clock, loop: Loop) -> None:
    """At the start and each hour, until cancelled."""

    async def step() -> None:
        async with pool.acquire() as db, db.transaction():
            now = clock.now()
            for destination in DESTINATIONS.values():
                await destination.drop_expired(db, now)
            await export_declarations.drop_expired(db, now)

    await loop.repeat(step, RETENTION_SECONDS)
