"""Looks go on their end dates, with from where they came; what was counted stays. Erasures are remembered for as long
as a backup may be old."""

from __future__ import annotations

import asyncpg

from services.provenance.domain.erasures import KEPT
from services.provenance.store import erasures, looks
from shared.clock import Clock
from shared.loop import Loop

RETENTION_SECONDS = 3600.0


async def keep_dropping_expired(pool: asyncpg.Pool[asyncpg.Record], clock: Clock, loop: Loop) -> None:
    """At the start and each hour, until cancelled."""

    async def step() -> None:
        async with pool.acquire() as db, db.transaction():
            await looks.drop_expired(db)
            await erasures.drop_expired(db, clock.now() - KEPT)

    await loop.repeat(step, RETENTION_SECONDS)
