"""What the warehouse measures beyond the platform: whether its stock adds up, and knows all that is reserved."""

from __future__ import annotations

import asyncpg
from prometheus_client import Gauge

from services.warehouse.domain.stock import MOVES
from services.warehouse.store import stock

EVERY_SECONDS = 300.0

SKUS = Gauge("warehouse_stock_skus", "SKUs with stock")
UNEVEN = Gauge("warehouse_stock_uneven_skus", "SKUs whose piles are not the sum of their movements: should be none")
UNBOOKED = Gauge("warehouse_unbooked_reservations", "orders whose goods, forgotten by a restore, are not in the books")


async def measure(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Compares the piles with the movements they are made of: two ways to the same number."""
    async with pool.acquire() as db:
        skus, uneven = await stock.audit(db, MOVES)
        unbooked = await stock.unbooked(db)
    SKUS.set(skus)
    UNEVEN.set(uneven)
    UNBOOKED.set(len(unbooked))
