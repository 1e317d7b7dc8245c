"""The list of parcels that were announced back and are not booked in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.warehouse.domain.expected_returns import ExpectedReturn
from shared.db import DB


async def replace(db: DB, orders: Mapping[UUID, Sequence[ExpectedReturn]]) -> None:
    """The rows of these orders as they are now."""
    if not orders:
        return
    await db.execute("delete from expected_returns where order_id = any($1)", list(orders))
    rows = [row for expected in orders.values() for row in expected]
    if rows:
        await db.execute(
            """insert into expected_returns
                   (order_id, parcel, tracking_number, state, reason, announced_at, since, expected_by)
               select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                                    $7::timestamptz[], $8::timestamptz[])""",
            [row.order_id for row in rows],
            [row.parcel for row in rows],
            [row.tracking_number for row in rows],
            [row.state for row in rows],
            [row.reason for row in rows],
            [row.announced_at for row in rows],
            [row.since for row in rows],
            [row.expected_by for row in rows],
        )


async def find(
    db: DB, tracking_number: str | None, after: tuple[datetime, UUID, int] | None, limit: int
) -> list[ExpectedReturn]:
    """The first expected first; of one number, or all when None."""
    rows = await db.fetch(
        """select order_id, parcel, tracking_number, state, reason, announced_at, since, expected_by
           from expected_returns
           where ($1::timestamptz is null or (expected_by, order_id, parcel) > ($1, $2::uuid, $3::int))
             and ($4::text is null or tracking_number = $4)
           order by expected_by, order_id, parcel limit $5""",
        *(after or (None, None, None)),
        tracking_number,
        limit,
    )
    return [ExpectedReturn(**row) for row in rows]
