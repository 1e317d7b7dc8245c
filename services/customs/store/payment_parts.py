"""The numbers under which a payment firm has split a payment by the parcels of its order, sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.db import DB
from shared.sealing import SealedColumn


async def save(db: DB, order_id: UUID, sealed: Mapping[int, bytes], stated_by: str, stated_at: datetime) -> None:
    """Stores the numbers by parcel, in the place of those that were stated before."""
    await db.execute("delete from payment_parts where order_id = $1", order_id)
    await db.execute(
        """insert into payment_parts (order_id, parcel, transaction_id, stated_by, stated_at)
           select $1, part.parcel, part.number, $4, $5 from unnest($2::int[], $3::bytea[]) as part (parcel, number)""",
        order_id,
        list(sealed),
        list(sealed.values()),
        stated_by,
        stated_at,
    )


async def load(db: DB, order_id: UUID, parcel: int) -> bytes | None:
    sealed: bytes | None = await db.fetchval(
        "select transaction_id from payment_parts where order_id = $1 and parcel = $2", order_id, parcel
    )
    return sealed


async def drop(db: DB, order_ids: Sequence[UUID]) -> None:
    """On erasure: the payment firm knows the person by them."""
    await db.execute("delete from payment_parts where order_id = any($1)", list(order_ids))


def sealing_place(order_id: UUID, parcel: int) -> str:
    """The place to which the number of a part is sealed."""
    return f"payment-part:{order_id}:{parcel}"


_KEY = ("order_id", "parcel")
SEALED = SealedColumn("STORAGE_KEY", "payment_parts", "transaction_id", key=_KEY, place=sealing_place, placed_by=_KEY)
