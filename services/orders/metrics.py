"""What `orders` measures beyond the platform: open orders by state and age, cases, erasures. Ages are business time."""

from __future__ import annotations

import asyncpg
from prometheus_client import Gauge

from contracts.vocabularies import CASE_KINDS
from services.open_cases import CaseGauges, open_by_kind
from services.orders.domain.status import STATES
from services.orders.store import erasures, orders
from shared.clock import Clock

EVERY_SECONDS = 15.0
ERASED_WITHIN_DAYS = 3

UNDER_WAY = Gauge("orders_under_way", "orders that have not ended, by state", ["state"])
OLDEST = Gauge("orders_oldest_age_seconds", "how long the oldest order of a state has been in it", ["state"])
OVERDUE = Gauge("orders_overdue", "orders past the deadline of their state with nothing done about it", ["state"])
CASES = CaseGauges("orders", CASE_KINDS)
ERASURES = Gauge("orders_erasures_unfinished", f"erased records still on the topic after {ERASED_WITHIN_DAYS} days")


async def measure(pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> None:
    now = clock.now()
    async with pool.acquire() as db:
        states = {row["state"]: row for row in await orders.open_by_state(db, now)}
        CASES.show(await open_by_kind(db, now))
        ERASURES.set(await erasures.count_unfinished(db, days=ERASED_WITHIN_DAYS))
    for rule in STATES:
        row = states.get(rule.state)
        UNDER_WAY.labels(rule.state).set(row["orders"] if row else 0)
        OVERDUE.labels(rule.state).set(row["overdue"] if row else 0)
        OLDEST.labels(rule.state).set(max(0.0, (now - row["oldest"]).total_seconds()) if row else 0)
