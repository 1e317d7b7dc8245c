"""The lists of what is to be done: orders by their stage, parcels by what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.warehouse.domain.orders import LabelledParcel, OrderRow, ParcelRow
from shared.db import DB


async def save_orders(db: DB, orders: Sequence[OrderRow]) -> None:
    """Rows that hold the same already are left alone."""
    if not orders:
        return
    await db.execute(
        """insert into orders (order_id, number, stage, since)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
           on conflict (order_id) do update set number = excluded.number, stage = excluded.stage, since = excluded.since
           where (orders.number, orders.stage) is distinct from (excluded.number, excluded.stage)""",
        [order.order_id for order in orders],
        [order.number for order in orders],
        [order.stage for order in orders],
        [order.since for order in orders],
    )


async def save_parcels(db: DB, parcels: Sequence[ParcelRow]) -> None:
    """Rows that hold the same already are left alone."""
    if not parcels:
        return
    await db.execute(
        """insert into parcels (order_id, parcel, tracking_number, handed_over)
           select * from unnest($1::uuid[], $2::int[], $3::text[], $4::bool[])
           on conflict (order_id, parcel) do update
               set tracking_number = excluded.tracking_number, handed_over = excluded.handed_over
           where (parcels.tracking_number, parcels.handed_over)
                 is distinct from (excluded.tracking_number, excluded.handed_over)""",
        [parcel.order_id for parcel in parcels],
        [parcel.parcel for parcel in parcels],
        [parcel.tracking_number for parcel in parcels],
        [parcel.handed_over for parcel in parcels],
    )


async def drop_parcels(db: DB, parcels: Sequence[tuple[UUID, int]]) -> None:
    """Order and number of boxes that were given up."""
    if parcels:
        await db.execute(
            "delete from parcels where (order_id, parcel) in (select * from unnest($1::uuid[], $2::int[]))",
            [order_id for order_id, _ in parcels],
            [parcel for _, parcel in parcels],
        )


async def reserved_orders(db: DB, after: tuple[datetime, UUID] | None, limit: int) -> list[OrderRow]:
    """Orders to be packed, the longest waiting first."""
    rows = await db.fetch(
        """select order_id, number, stage, since from orders
           where stage = 'reserved' and ($1::timestamptz is null or (since, order_id) > ($1, $2::uuid))
           order by since, order_id limit $3""",
        *(after or (None, None)),
        limit,
    )
    return [OrderRow(**row) for row in rows]


async def labelled_parcels(db: DB, after: tuple[datetime, UUID, int] | None, limit: int) -> list[LabelledParcel]:
    """Parcels to be handed over: all labels of their order are there, the longest waiting first."""
    rows = await db.fetch(
        """select o.order_id, o.number, o.since, p.parcel, p.tracking_number, m.manifest_id
           from orders o join parcels p using (order_id) left join manifest_parcels m using (order_id, parcel)
           where o.stage = 'labelled' and not p.handed_over
             and ($1::timestamptz is null or (o.since, o.order_id, p.parcel) > ($1, $2::uuid, $3::int))
           order by o.since, o.order_id, p.parcel limit $4""",
        *(after or (None, None, None)),
        limit,
    )
    return [LabelledParcel(**row) for row in rows]
