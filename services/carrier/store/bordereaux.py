"""Bordereaux: the one of each part of a manifest that is shown, those that were made besides or may have been, and
those that the carrier refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from contracts.carrier import BordereauCreated
from services.carrier.domain.bordereaux import UnconfirmedBordereau
from shared.db import DB
from shared.sealing import SealedColumn


def pdf_place(carrier: str, number: str) -> str:
    """The place to which a list is sealed: it may name addressees."""
    return f"bordereau:{carrier}:{number}"


_KEY = ("carrier", "number")
SEALED = SealedColumn("STORAGE_KEY", "bordereaux", "pdf", key=_KEY, place=pdf_place, placed_by=_KEY)


@dataclass(frozen=True, slots=True)
class StoredBordereau:
    carrier: str
    number: str
    manifest_id: UUID
    part: int
    used: bool
    """Published; the others were made by a repeated call, and are never shown."""
    order_ids: Sequence[UUID]
    sealed_pdf: bytes | None
    """None when an addressee was erased before the list came."""


@dataclass(frozen=True, slots=True)
class PartState:
    """What is known of a part beside its fact."""

    part: int
    refused: str | None
    """Why the carrier makes no list; None when it has not refused."""
    refused_since: datetime | None
    unconfirmed: int
    """Lists that may exist besides."""
    stored: bool
    """Whether the PDF is still kept."""


async def save(db: DB, bordereau: StoredBordereau, pdf_days: int) -> None:
    """Stores a list for so many days. One whose number is known stays as it was first stored."""
    await db.execute(
        """with made as (delete from refused_bordereaux where manifest_id = $3 and part = $4)
           insert into bordereaux (carrier, number, manifest_id, part, used, order_ids, pdf, pdf_until)
           values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 day')
           on conflict (carrier, number) do nothing""",
        bordereau.carrier,
        bordereau.number,
        bordereau.manifest_id,
        bordereau.part,
        bordereau.used,
        list(bordereau.order_ids),
        bordereau.sealed_pdf,
        pdf_days,
    )


async def save_restored(db: DB, bordereaux: Sequence[BordereauCreated]) -> None:
    """Lists published before the database was restored: their numbers are known again, their documents are lost."""
    await db.execute(
        """with made as (delete from refused_bordereaux where (manifest_id, part) in
                           (select * from unnest($3::uuid[], $4::int[])))
           insert into bordereaux (carrier, number, manifest_id, part, used, order_ids, pdf_until)
           select carrier, number, manifest_id, part, true, '{}', now()
           from unnest($1::text[], $2::text[], $3::uuid[], $4::int[]) as b (carrier, number, manifest_id, part)
           on conflict do nothing""",
        [bordereau.carrier for bordereau in bordereaux],
        [bordereau.number for bordereau in bordereaux],
        [bordereau.manifest_id for bordereau in bordereaux],
        [bordereau.part for bordereau in bordereaux],
    )


async def save_unconfirmed(db: DB, bordereaux: Sequence[UnconfirmedBordereau]) -> None:
    """Records them, each once an attempt."""
    await db.executemany(
        """insert into unconfirmed_bordereaux (manifest_id, part, attempt, reason) values ($1, $2, $3, $4)
           on conflict do nothing""",
        [(bordereau.manifest_id, bordereau.part, bordereau.attempt, bordereau.reason) for bordereau in bordereaux],
    )


async def save_refused(db: DB, manifest_id: UUID, part: int, reason: str) -> None:
    """The last reason counts, since the first refusal."""
    await db.execute(
        """insert into refused_bordereaux (manifest_id, part, reason) values ($1, $2, $3)
           on conflict (manifest_id, part) do update set reason = excluded.reason""",
        manifest_id,
        part,
        reason,
    )


async def shown(db: DB, manifest_id: UUID, part: int) -> asyncpg.Record | None:
    """The one list of the part that may be shown: carrier, number, order_ids and the sealed pdf (None once dropped)."""
    return await db.fetchrow(
        "select carrier, number, order_ids, pdf from bordereaux where manifest_id = $1 and part = $2 and used",
        manifest_id,
        part,
    )


async def states(db: DB, manifest_id: UUID) -> dict[int, PartState]:
    """By part, of all parts of which something is known."""
    rows = await db.fetch(
        """select part, r.reason as refused, r.since as refused_since, coalesce(u.attempts, 0) as unconfirmed,
                  coalesce(b.stored, false) as stored
           from (select part, pdf is not null as stored from bordereaux where manifest_id = $1 and used) b
           full join (select part, reason, since from refused_bordereaux where manifest_id = $1) r using (part)
           full join (select part, count(*) as attempts from unconfirmed_bordereaux
                      where manifest_id = $1 group by part) u using (part)""",
        manifest_id,
    )
    return {row["part"]: PartState(**row) for row in rows}


async def count_refused(db: DB) -> int:
    bordereaux: int = await db.fetchval("select count(*) from refused_bordereaux")
    return bordereaux


async def erase(db: DB, order_ids: Sequence[UUID]) -> None:
    """Drops the lists that may name the addressees of these orders; their numbers stay."""
    await db.execute("update bordereaux set pdf = null where order_ids && $1 and pdf is not null", list(order_ids))


async def drop_expired(db: DB) -> None:
    """Drops lists that have reached their end dates."""
    await db.execute("update bordereaux set pdf = null where pdf is not null and pdf_until < now()")
