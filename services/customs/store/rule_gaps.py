"""The orders that wait for a missing row of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from shared.db import DB


async def save(db: DB, waiting: Mapping[UUID, bool]) -> None:
    """`waiting`: by order, whether it waits."""
    if added := [order_id for order_id, waits in waiting.items() if waits]:
        await db.execute("insert into rule_gaps (order_id) select unnest($1::uuid[]) on conflict do nothing", added)
    if resumed := [order_id for order_id, waits in waiting.items() if not waits]:
        await db.execute("delete from rule_gaps where order_id = any($1)", resumed)


async def following(db: DB, after: UUID, limit: int) -> list[UUID]:
    """The next orders that wait, by id, after this one; at most `limit`."""
    rows = await db.fetch("select order_id from rule_gaps where order_id > $1 order by order_id limit $2", after, limit)
    return [row["order_id"] for row in rows]
