"""What `orders` measures beyond the platform: open orders by state and age, cases, erasures. Ages are business time."""

from __future__ import annotations

import asyncpg
from prometheus_client import Gauge

from contracts.vocabularies import CASE_KINDS
from services.orders.domain.status import STATES
from services.orders.store import cases, erasures, orders
from shared.clock import Clock

EVERY_SECONDS = 15.0
ERASED_WITHIN_DAYS = 3

UNDER_WAY = Gauge("orders_under_way", "orders that have not ended, by state", ["state"])
OLDEST = Gauge("orders_oldest_age_seconds", "how long the oldest order of a state has been in it", ["state"])
OVERDUE = Gauge("orders_overdue", "orders past the deadline of their state with nothing done about it", ["state"])
CASES_OPEN = Gauge("orders_cases_open", "cases that wait for a person, by kind", ["kind"])
CASES_OVERDUE = Gauge("orders_cases_overdue", "open cases past their due date, by kind", ["kind"])
ERASURES = Gauge("orders_erasures_unfinished", f"erased records still on the topic after {ERASED_WITHIN_DAYS} days")

OTHER = "other"
"""Kinds of cases that this version does not know."""


async def measure(pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> None:
    now = clock.now()
    async with pool.acquire() as db:
        states = {row["state"]: row for row in await orders.open_by_state(db, now)}
        kinds = await cases.open_by_kind(db, now)
        ERASURES.set(await erasures.count_unfinished(db, days=ERASED_WITHIN_DAYS))
    for rule in STATES:
        row = states.get(rule.state)
        UNDER_WAY.labels(rule.state).set(row["orders"] if row else 0)
        OVERDUE.labels(rule.state).set(row["overdue"] if row else 0)
        OLDEST.labels(rule.state).set(max(0.0, (now - row["oldest"]).total_seconds()) if row else 0)
    for kind in (*CASE_KINDS, OTHER):
        rows = [row for row in kinds if (row["kind"] if row["kind"] in CASE_KINDS else OTHER) == kind]
        CASES_OPEN.labels(kind).set(sum(row["cases"] for row in rows))
        CASES_OVERDUE.labels(kind).set(sum(row["overdue"] for row in rows))
