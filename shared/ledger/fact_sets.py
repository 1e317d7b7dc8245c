"""Questions about many sets of facts at once that need none of them read."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from contracts.base import Event
from shared.db import DB


async def holding(db: DB, order_ids: Collection[UUID], kind: type[Event]) -> set[UUID]:
    """Those of these orders of which a fact of this kind is known. They stay locked until the transaction ends, so
    that no other one is added meanwhile. Their facts are not read, which may fail."""
    await db.execute("select from fact_sets where order_id = any($1) order by order_id for update", list(order_ids))
    rows = await db.fetch(
        "select order_id from facts where order_id = any($1) and type = $2", list(order_ids), kind.TYPE
    )
    return {row["order_id"] for row in rows}


async def consumed(db: DB) -> dict[UUID, int]:
    """How many facts of each order were consumed."""
    rows = await db.fetch("select order_id, count(*) as facts from facts where not published group by order_id")
    return {row["order_id"]: row["facts"] for row in rows}


async def forget_all(db: DB) -> None:
    """Every fact of every order: what a service does that builds all it has anew from the topics."""
    await db.execute("truncate facts, fact_sets")
