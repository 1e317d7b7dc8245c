"""What makers measures beyond the platform: what waits for a person, and whether products are judged again.
Ages are business time."""

from __future__ import annotations

import asyncpg
from prometheus_client import Gauge

from services.makers.domain.cases import ACTIONS
from services.makers.store import judgements
from services.open_cases import CaseGauges, open_by_kind
from shared.clock import Clock

EVERY_SECONDS = 15.0

CASES = CaseGauges("makers", ACTIONS)
OLDEST_JUDGEMENT = Gauge(
    "makers_oldest_judgement_age_seconds", "how long ago customs judged the product in force that waits longest"
)


async def measure(pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> None:
    now = clock.now()
    async with pool.acquire() as db:
        CASES.show(await open_by_kind(db, now))
        judged_at = await judgements.oldest(db)
    OLDEST_JUDGEMENT.set((now - judged_at).total_seconds() if judged_at else 0)
