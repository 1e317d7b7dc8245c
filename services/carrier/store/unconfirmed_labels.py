"""Labels that may exist at the carrier without our knowing it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.carrier.domain.labels import UnconfirmedLabel
from shared.db import DB


async def save(db: DB, labels: Sequence[UnconfirmedLabel]) -> None:
    """Records them, each once an attempt."""
    await db.executemany(
        """insert into unconfirmed_labels (order_id, parcel, job_subject, attempt, reason, tracking_number)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing""",
        [
            (label.order_id, label.parcel, label.job_subject, label.attempt, label.reason, label.tracking_number)
            for label in labels
        ],
    )


async def confirm(db: DB, order_id: UUID, tracking_number: str) -> None:
    """The label of this number is had: it is no longer one that may exist."""
    await db.execute(
        "delete from unconfirmed_labels where order_id = $1 and tracking_number = $2", order_id, tracking_number
    )


async def of_order(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """Every unconfirmed label of the order."""
    return await db.fetch(
        """select parcel, reason, tracking_number, recorded_at from unconfirmed_labels
           where order_id = $1 order by parcel, recorded_at, attempt""",
        order_id,
    )


async def count(db: DB) -> int:
    labels: int = await db.fetchval("select count(*) from unconfirmed_labels")
    return labels
