"""What the warehouse measures beyond the platform: whether its stock adds up, and includes all reservations."""

from __future__ import annotations

import asyncpg
from prometheus_client import Gauge

from services.warehouse.domain.stock import movement_effects
from services.warehouse.store import stock

EVERY_SECONDS = 300.0

SKUS = Gauge("warehouse_stock_skus", "SKUs with stock")
MISMATCHED = Gauge(
    "warehouse_stock_mismatched_skus", "SKUs whose stock is not the sum of their movements: should be none"
)
PENDING_RESTORE = Gauge(
    "warehouse_reservations_pending_restore", "orders whose reservation is not yet restored after a database restore"
)


async def measure(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Compares the stock with the sum of its movements."""
    async with pool.acquire() as db:
        skus, mismatched = await stock.count_mismatched(db, movement_effects())
        pending_restore = await stock.pending_restore(db)
    SKUS.set(skus)
    MISMATCHED.set(mismatched)
    PENDING_RESTORE.set(len(pending_restore))
