"""Receipts that are set aside. Of those that cannot be read the beginning is kept, sealed, for a limited time.

A receipt with a number of ours has a case of that number's order. All others, also readable ones, are about no known
order, and a case needs an order's stream: they are listed until a person has looked into them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from services.customs.destinations.cn.receipts import UnreadableReceipt
from shared.db import DB
from shared.sealing import Seal, SealedColumn

KEPT = timedelta(days=30)
"""Business time. Nobody can say which persons it names, so that no erasure deletes it."""
LISTED = timedelta(days=400)
"""Business time after which a receipt that nobody has looked into is dropped."""
MOST_LISTED = 100
NO_MESSAGE = "no_message"
"""The reason why a readable receipt is listed."""


def sealing_place(name: str) -> str:
    """The place to which the bytes are sealed."""
    return f"unreadable-receipt:{name}"


SEALED = SealedColumn(
    "STORAGE_KEY", "unreadable_receipts", "body", key=("name",), place=sealing_place, placed_by=("name",)
)


async def add(
    db: DB,
    receipt: UnreadableReceipt,
    behind: str | None,
    order_ids: Collection[UUID],
    seal: Seal,
    received_at: datetime,
) -> bool:
    """Stores it; False for one that is known already. `behind`: the cursor before it, where it has none itself."""
    digest = hashlib.sha256(receipt.body).hexdigest()[:32]
    name = f"{receipt.cursor or behind or ''} {digest}"
    body = seal.seal(receipt.body, sealing_place(name))
    added: str | None = await db.fetchval(
        """insert into unreadable_receipts (name, reason, size, body, order_ids, received_at, keep_until)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning name""",
        name,
        receipt.reason,
        receipt.size,
        body,
        list(order_ids),
        received_at,
        received_at + KEPT,
    )
    return added is not None


async def add_unmatched(db: DB, names: Collection[str], received_at: datetime) -> None:
    """Lists readable receipts that answer no message of ours by what they are about, each once."""
    if names:
        await db.execute(
            """insert into unreadable_receipts (name, reason, size, body, order_ids, received_at, keep_until)
               select name, $2, 0, '', '{}', $3, $4 from unnest($1::text[]) as name on conflict do nothing""",
            sorted(names),
            NO_MESSAGE,
            received_at,
            received_at + KEPT,
        )


async def to_settle(db: DB) -> list[asyncpg.Record]:
    """The listed receipts into which nobody has looked yet, the oldest first."""
    return await db.fetch(
        """select id, name, reason, size, received_at, keep_until from unreadable_receipts
           where settled_at is null and order_ids = '{}' order by id limit $1""",
        MOST_LISTED,
    )


async def settle(db: DB, receipt_id: int, who: str, now: datetime) -> bool:
    """Records that somebody has looked into it, which may be repeated. False when no such receipt was ever listed."""
    is_listed = await db.fetchval(
        """update unreadable_receipts
           set settled_at = coalesce(settled_at, $3), settled_by = coalesce(settled_by, $2)
           where id = $1 and order_ids = '{}' returning true""",
        receipt_id,
        who,
        now,
    )
    return bool(is_listed)


async def drop_of(db: DB, order_ids: Sequence[UUID]) -> None:
    """On erasure: those in which a number of these orders was found."""
    await db.execute("delete from unreadable_receipts where order_ids && $1", list(order_ids))


async def drop_expired(db: DB, now: datetime) -> None:
    """Drops the bytes at their end date, and the row with them unless it still waits for a person."""
    await db.execute(
        """delete from unreadable_receipts
           where keep_until < $1 and (settled_at is not null or order_ids <> '{}' or received_at < $2)""",
        now,
        now - LISTED,
    )
    await db.execute("update unreadable_receipts set body = '' where keep_until < $1 and body <> ''", now)
