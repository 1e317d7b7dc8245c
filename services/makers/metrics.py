"""What makers measures beyond the platform: what waits for a person."""

from __future__ import annotations

import asyncpg

from services.makers.domain.cases import ACTIONS
from services.open_cases import CaseGauges, open_by_kind
from shared.clock import Clock

EVERY_SECONDS = 15.0

CASES = CaseGauges("makers", ACTIONS)


async def measure(pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> None:
    async with pool.acquire() as db:
        CASES.show(await open_by_kind(db, clock.now()))
