"""Which version of a message is written next. Without a row it is the first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.customs.destinations.cn.messages import NextVersion, RejectedMessage
from shared.db import DB


async def raise_versions(db: DB, order_id: UUID, rejected: Sequence[RejectedMessage]) -> None:
    """Raises the versions of rejected messages: the next of each has another guid."""
    await db.executemany(
        """insert into message_versions (order_id, parcel, type, version, changes, number)
           values ($1, $2, $3, 2, $4, $5)
           on conflict (order_id, parcel, type) do update set
             version = message_versions.version + 1, changes = excluded.changes, number = excluded.number""",
        [
            (order_id, message.parcel, message.type, message.taken_in, message.number if message.taken_in else None)
            for message in rejected
        ],
    )


async def next_version(db: DB, order_id: UUID, parcel: int, message_type: str) -> NextVersion:
    row = await db.fetchrow(
        "select version, changes, number from message_versions where order_id = $1 and parcel = $2 and type = $3",
        order_id,
        parcel,
        message_type,
    )
    return NextVersion() if row is None else NextVersion(row["version"], row["changes"], row["number"])
