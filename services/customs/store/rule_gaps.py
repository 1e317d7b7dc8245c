"""The orders of which something waits for a row of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from shared.db import DB


async def save(db: DB, waiting: Mapping[UUID, bool]) -> None:
    """By order, whether it waits."""
    if added := [order_id for order_id, waits in waiting.items() if waits]:
        await db.execute("insert into rule_gaps (order_id) select unnest($1::uuid[]) on conflict do nothing", added)
    if over := [order_id for order_id, waits in waiting.items() if not waits]:
        await db.execute("delete from rule_gaps where order_id = any($1)", over)


async def following(db: DB, after: UUID, limit: int) -> list[UUID]:
    """So many of them, by their ids, behind this one."""
    rows = await db.fetch("select order_id from rule_gaps where order_id > $1 order by order_id limit $2", after, limit)
    return [row["order_id"] for row in rows]
