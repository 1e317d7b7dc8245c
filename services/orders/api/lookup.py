"""The order that a path names."""

from __future__ import annotations

import asyncpg

from services.orders.store import orders
from services.orders.store.orders import StoredOrder
from shared.http.answers import uuid_or_404
from shared.http.api_keys import Principal
from shared.http.problems import Problem


async def visible_order(pool: asyncpg.Pool[asyncpg.Record], order_id: str, principal: Principal) -> StoredOrder:
    """The order, if this principal may know that it exists; else Problem 404, as for an unknown one."""
    order = await orders.find(pool, uuid_or_404(order_id))
    if order is None or (not principal.sees_all and order.marketplace != principal.name):
        raise Problem(404, "not found")
    return order
