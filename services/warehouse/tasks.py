"""The warehouse's own loop: publishes the stock levels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from contracts.topics import STOCK_LEVELS
from contracts.warehouse import StockLevel
from services.warehouse.store import stock_levels
from shared.db import TRANSIENT
from shared.ledger import outbox
from shared.ledger.ledger import Ledger
from shared.ledger.versions import wire_of
from shared.loop import Loop
from shared.supervise import Task

EVERY_SECONDS = 1.0
AT_ONCE = 1_000
"""Levels that are published in one transaction."""


def stock_level_task(ledger: Ledger, now: Callable[[], datetime]) -> Task:
    """Each second the levels that have changed, never in an order's transaction."""

    async def step() -> None:
        while await publish_levels(ledger, now()) == AT_ONCE:
            pass

    async def run(loop: Loop) -> None:
        await loop.repeat(step, EVERY_SECONDS, TRANSIENT)

    return Task("stock-levels", run)


async def publish_levels(ledger: Ledger, now: datetime) -> int:
    """Publishes the levels that have changed, at most `AT_ONCE`; returns their number."""
    async with ledger.transaction() as db:
        changed = await stock_levels.take_changed(db, AT_ONCE)
        levels = [
            StockLevel(
                sku=level.sku,
                occurred_at=now,
                sequence=level.sequence,
                available=level.available,
                reserved=level.reserved,
                blocked=level.blocked,
            )
            for level in changed
        ]
        forms = [wire_of(level) for level in levels]
        await outbox.publish(
            db,
            [
                outbox.Message(STOCK_LEVELS.name, str(level.stream_id), level.id, form.type, form.body)
                for level, form in zip(levels, forms, strict=True)
            ],
        )
    return len(levels)
