"""Receipts that cannot be read: the beginning of each, sealed, for a limited time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.customs.destinations.cn.receipts import UnreadableReceipt
from shared.db import DB
from shared.sealing import Seal, SealedColumn

KEPT = timedelta(days=30)
"""Business time. What it says of persons cannot be told, so that it cannot be erased with them."""


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


async def drop_of(db: DB, order_ids: Sequence[UUID]) -> None:
    """On erasure: those in which a number of these orders was found."""
    await db.execute("delete from unreadable_receipts where order_ids && $1", list(order_ids))


async def drop_expired(db: DB, now: datetime) -> None:
    await db.execute("delete from unreadable_receipts where keep_until < $1", now)
