"""Parcels whose label was refused without a reason that says whose fault it is, since the last label was made."""

from __future__ import annotations

from uuid import UUID

from shared.db import DB


async def add(db: DB, carrier: str, reason: str, order_id: UUID, parcel: int) -> list[tuple[UUID, int]]:
    """Adds this parcel, and returns all that were refused for this reason: order and parcel."""
    await db.execute(
        """insert into unexplained_refusals (carrier, reason, order_id, parcel) values ($1, $2, $3, $4)
           on conflict do nothing""",
        carrier,
        reason,
        order_id,
        parcel,
    )
    rows = await db.fetch(
        """select order_id, parcel from unexplained_refusals where carrier = $1 and reason = $2
           order by order_id, parcel""",
        carrier,
        reason,
    )
    return [(row["order_id"], row["parcel"]) for row in rows]


async def delete_all(db: DB, carrier: str) -> None:
    """The operation goes on: what was refused before counts no more. A label that is made does the same; see
    `labels.save`."""
    await db.execute("delete from unexplained_refusals where carrier = $1", carrier)
