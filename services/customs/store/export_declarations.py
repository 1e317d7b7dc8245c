"""Export declarations and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db import DB
from shared.sealing import SealedColumn


def sealing_place(lrn: str) -> str:
    """The place to which a declaration is sealed."""
    return f"export:{lrn}"


SEALED = SealedColumn(
    "STORAGE_KEY", "export_declarations", "body", key=("lrn",), place=sealing_place, placed_by=("lrn",)
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """The answer to an export declaration."""

    order_id: UUID
    parcel: int
    lrn: str
    outcome: str
    mrn: str | None
    sealed_body: bytes
    answered_at: datetime
    keep_until: datetime


async def save(db: DB, declaration: Declaration, *, overtaken: bool) -> None:
    """`overtaken`: the order had ended by the time of the answer, so that nothing was published."""
    await db.execute(
        """insert into export_declarations
             (order_id, parcel, lrn, outcome, mrn, overtaken, body, answered_at, keep_until)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict (order_id, parcel) do update set outcome = excluded.outcome, mrn = excluded.mrn,
             overtaken = excluded.overtaken, answered_at = excluded.answered_at""",
        declaration.order_id,
        declaration.parcel,
        declaration.lrn,
        declaration.outcome,
        declaration.mrn,
        overtaken,
        declaration.sealed_body,
        declaration.answered_at,
        declaration.keep_until,
    )


async def of_parcel(db: DB, order_id: UUID, parcel: int) -> asyncpg.Record | None:
    return await db.fetchrow(
        "select lrn, mrn from export_declarations where order_id = $1 and parcel = $2", order_id, parcel
    )


async def save_invalidation(db: DB, order_id: UUID, parcel: int, outcome: str, now: datetime) -> None:
    """`outcome`: `invalidated`, or `refused:<code>`."""
    await db.execute(
        """update export_declarations set invalidation = $3, invalidated_at = $4
           where order_id = $1 and parcel = $2""",
        order_id,
        parcel,
        outcome,
        now,
    )


async def save_exit(db: DB, order_id: UUID, parcel: int, reference: str, exited_at: datetime) -> None:
    await db.execute(
        "update export_declarations set exit_reference = $3, exited_at = $4 where order_id = $1 and parcel = $2",
        order_id,
        parcel,
        reference,
        exited_at,
    )


async def of_order(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    return await db.fetch(
        """select parcel, lrn, outcome, mrn, overtaken, answered_at, invalidation, exit_reference, exited_at
           from export_declarations
           where order_id = $1 order by parcel""",
        order_id,
    )


async def drop_expired(db: DB, now: datetime) -> None:
    """Drops those whose period has ended (business time)."""
    await db.execute("delete from export_declarations where keep_until < $1", now)
