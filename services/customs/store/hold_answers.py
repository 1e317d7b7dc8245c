"""What operators answer to customs' holds, sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db import DB
from shared.sealing import SealedColumn


async def add(db: DB, order_id: UUID, subject: str, sealed: bytes, answered_by: str, given_at: datetime) -> bool:
    """An operator's answer to a hold; False when one was given already."""
    added = await db.fetchval(
        """insert into hold_answers (order_id, subject, answer, answered_by, given_at)
           values ($1, $2, $3, $4, $5) on conflict do nothing returning true""",
        order_id,
        subject,
        sealed,
        answered_by,
        given_at,
    )
    return bool(added)


async def load(db: DB, order_id: UUID, subject: str) -> bytes | None:
    sealed: bytes | None = await db.fetchval(
        "select answer from hold_answers where order_id = $1 and subject = $2", order_id, subject
    )
    return sealed


async def drop(db: DB, order_ids: Sequence[UUID]) -> None:
    """On erasure: what operators wrote may name the person."""
    await db.execute("delete from hold_answers where order_id = any($1)", list(order_ids))


def sealing_place(order_id: UUID, subject: str) -> str:
    """The place to which an operator's answer is sealed."""
    return f"hold-answer:{order_id}:{subject}"


_KEY = ("order_id", "subject")
SEALED = SealedColumn("STORAGE_KEY", "hold_answers", "answer", key=_KEY, place=sealing_place, placed_by=_KEY)
