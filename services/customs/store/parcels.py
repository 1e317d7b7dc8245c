"""The list of parcels: where each stands with customs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg

from services.customs.domain.parcels import ParcelRow
from shared.db import DB


async def save(db: DB, parcels: Sequence[ParcelRow]) -> None:
    if not parcels:
        return
    await db.execute(
        """insert into parcels (order_id, parcel, sub_order, regime, state, changed_at, cop_no)
           select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                                $7::text[])
           on conflict (order_id, parcel) do update set state = excluded.state, changed_at = excluded.changed_at
           where parcels.state <> excluded.state or parcels.changed_at <> excluded.changed_at""",
        [parcel.order_id for parcel in parcels],
        [parcel.parcel for parcel in parcels],
        [parcel.sub_order for parcel in parcels],
        [parcel.regime for parcel in parcels],
        [parcel.state for parcel in parcels],
        [parcel.changed_at for parcel in parcels],
        [None if parcel.import_number == parcel.sub_order else parcel.import_number for parcel in parcels],
    )


async def drop(db: DB, parcels: Sequence[tuple[UUID, int]]) -> None:
    """Drops boxes that were given up, by order and number."""
    if parcels:
        await db.execute(
            "delete from parcels where (order_id, parcel) in (select * from unnest($1::uuid[], $2::int[]))",
            [order_id for order_id, _ in parcels],
            [parcel for _, parcel in parcels],
        )


async def list_page(db: DB, state: str | None, after: tuple[UUID, int] | None, limit: int) -> list[asyncpg.Record]:
    """Parcels by order and number, of one state if one is named."""
    order_id, parcel = after or (UUID(int=0), 0)
    return await db.fetch(
        """select order_id, parcel, sub_order, regime, state, changed_at from parcels
           where ($1::text is null or state = $1) and (order_id, parcel) > ($2, $3)
           order by order_id, parcel limit $4""",
        state,
        order_id,
        parcel,
        limit,
    )


async def declared_as(db: DB, numbers: Collection[str]) -> list[asyncpg.Record]:
    """The parcels that have one of these as the number of their declaration, sub-order or order. Two marketplaces may
    use the same number."""
    return await db.fetch(
        """select order_id, parcel, sub_order, cop_no, left(sub_order, -1 - length(parcel::text)) as order_number
           from parcels
           where sub_order = any($1) or cop_no = any($1) or left(sub_order, -1 - length(parcel::text)) = any($1)""",
        list(numbers),
    )
