"""All SQL of the carrier service. Times in these tables are real: they serve retention, polling and people's eyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg

from contracts.carrier import LabelCreated
from shared.db import DB

Standing: TypeAlias = Literal["labelled", "handed_over", "over", "given_up"]


@dataclass(frozen=True, slots=True)
class FollowedParcel:
    order_id: UUID
    parcel: int
    tracking_number: str
    state: Standing
    scans: int


@dataclass(frozen=True, slots=True)
class StoredLabel:
    order_id: UUID
    parcel: int
    carrier: str
    product: str
    tracking_number: str
    partner_number: str | None
    used: bool
    """Published; the others were made too late or twice, and are never shown."""
    erased: bool
    """The addressee's data were erased before the label came."""
    sealed_pdf: bytes | None
    sealed_cn23: bytes | None


@dataclass(frozen=True, slots=True)
class GhostLabel:
    """A label that may exist at the carrier: its answer never reached us."""

    order_id: UUID
    parcel: int
    job_subject: str
    attempt: int
    reason: str
    tracking_number: str | None


@dataclass(frozen=True, slots=True)
class RawScan:
    carrier: str
    tracking_number: str
    source: Literal["poll", "webhook"]
    digest: bytes
    sealed: bytes | None
    code: str | None
    scanned_at: datetime | None
    utc_offset_minutes: int
    country: str | None


@dataclass(frozen=True, slots=True)
class Callback:
    webhook_id: str
    tracking_number: str
    sealed_body: bytes | None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """What should be rare, or not be at all."""

    ghosts: int
    unused_scanned: int
    oldest_unfolded_seconds: float


@dataclass(frozen=True, slots=True)
class KnownScan:
    """A raw scan whose parcel is known by now."""

    carrier: str
    tracking_number: str
    source: str
    digest: bytes
    code: str
    scanned_at: datetime
    utc_offset_minutes: int
    country: str | None
    order_id: UUID
    parcel: int


async def save_label(db: DB, label: StoredLabel, pdf_days: int, cn23_days: int) -> None:
    """Keeps a label and its CN23 for so many days each. UniqueViolationError when its number was given out before."""
    await db.execute(
        """insert into labels (tracking_number, carrier, order_id, parcel, product, partner_number, used,
                               pdf, cn23, pdf_until, cn23_until, erased_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9,
                   now() + $10 * interval '1 day', now() + $11 * interval '1 day', case when $12 then now() end)""",
        label.tracking_number,
        label.carrier,
        label.order_id,
        label.parcel,
        label.product,
        label.partner_number,
        label.used,
        label.sealed_pdf,
        label.sealed_cn23,
        pdf_days,
        cn23_days,
        label.erased,
    )


async def save_forgotten_labels(db: DB, carrier: str, labels: Sequence[LabelCreated]) -> None:
    """Labels that were published before the database was restored: shown once, but their documents are lost."""
    await db.execute(
        """insert into labels (tracking_number, carrier, order_id, parcel, product, used, pdf_until, cn23_until)
           select number, $1, order_id, parcel, product, true, now(), now()
           from unnest($2::text[], $3::uuid[], $4::int[], $5::text[]) as l (number, order_id, parcel, product)
           on conflict do nothing""",
        carrier,
        [label.tracking_number for label in labels],
        [label.order_id for label in labels],
        [label.parcel for label in labels],
        [label.product for label in labels],
    )


async def save_ghost(db: DB, ghost: GhostLabel) -> None:
    """Once an attempt."""
    await db.execute(
        """insert into ghost_labels (order_id, parcel, job_subject, attempt, reason, tracking_number)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing""",
        ghost.order_id,
        ghost.parcel,
        ghost.job_subject,
        ghost.attempt,
        ghost.reason,
        ghost.tracking_number,
    )


async def shown_label(db: DB, order_id: UUID, parcel: int) -> asyncpg.Record | None:
    """The one label of the parcel that may be shown: tracking_number and the sealed pdf (None once erased)."""
    return await db.fetchrow(
        "select tracking_number, pdf from labels where order_id = $1 and parcel = $2 and used", order_id, parcel
    )


async def order_of(pool: asyncpg.Pool[asyncpg.Record], tracking_number: str) -> UUID | None:
    """The order whose shown label bears this number."""
    found: UUID | None = await pool.fetchval(
        "select order_id from labels where tracking_number = $1 and used", tracking_number
    )
    return found


async def note_label_read(db: DB, order_id: UUID, parcel: int, principal: str) -> None:
    """Append-only: a label bears the addressee."""
    await db.execute(
        "insert into label_reads (order_id, parcel, principal) values ($1, $2, $3)", order_id, parcel, principal
    )


async def labels_of(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """Every label made for the order, shown or not, without its documents."""
    return await db.fetch(
        """select parcel, tracking_number, partner_number, product, used, pdf is not null as stored, created_at
           from labels where order_id = $1 order by parcel, created_at, tracking_number""",
        order_id,
    )


async def ghosts_of(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """Every label of the order that may exist without our knowing it."""
    return await db.fetch(
        """select parcel, reason, tracking_number, recorded_at from ghost_labels
           where order_id = $1 order by parcel, recorded_at, attempt""",
        order_id,
    )


async def unreadable_of(db: DB, order_id: UUID) -> dict[int, int]:
    """How many of the carrier's events about each parcel could not be read."""
    rows = await db.fetch(
        """select l.parcel, count(*) as events from raw_scans r join labels l using (tracking_number)
           where l.order_id = $1 and l.used and r.code is null group by l.parcel""",
        order_id,
    )
    return {row["parcel"]: row["events"] for row in rows}


async def set_aside_of(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """The carrier's events about the order's parcels that are not believed: how many, for which reason, from when to
    when they say they happened."""
    return await db.fetch(
        """select l.parcel, r.set_aside as reason, count(*) as events, min(r.scanned_at) as first_at,
                  max(r.scanned_at) as last_at
           from raw_scans r join labels l using (tracking_number)
           where l.order_id = $1 and l.used and r.set_aside is not null
           group by l.parcel, r.set_aside order by l.parcel, r.set_aside""",
        order_id,
    )


async def save_followed(db: DB, parcels: Sequence[FollowedParcel]) -> None:
    """Brings the list of followed parcels up to date."""
    if parcels:
        await db.execute(
            """insert into followed (order_id, parcel, tracking_number, state, scans)
               select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int[])
               on conflict (order_id, parcel) do update set state = excluded.state, scans = excluded.scans""",
            [parcel.order_id for parcel in parcels],
            [parcel.parcel for parcel in parcels],
            [parcel.tracking_number for parcel in parcels],
            [parcel.state for parcel in parcels],
            [parcel.scans for parcel in parcels],
        )


async def claim_due(db: DB, older_than: float, limit: int) -> list[str]:
    """Parcels not asked about for so many seconds, the longest first; they count as asked from now on. One that has
    ended is asked about once more, for its end may have been told before what led to it.

    Those that should travel no more are asked about once a day, for half a year: given up, or with a label that was
    never shown. Replicas that ask at the same time get different parcels.
    """
    followed = await db.fetch(
        """with due as (
               select order_id, parcel from followed
               where (state <> 'over' or not asked_since_end) and asked_at < now() - $1 * interval '1 second'
                 and (state <> 'given_up' or not asked_since_end
                      or asked_at < now() - interval '1 day' and since > now() - interval '180 days')
               order by asked_at limit $2 for update skip locked)
           update followed set asked_at = now(), asked_since_end = state in ('over', 'given_up') from due
           where followed.order_id = due.order_id and followed.parcel = due.parcel
           returning tracking_number""",
        older_than,
        limit,
    )
    unused = await db.fetch(
        """update labels set asked_at = now() where tracking_number in (
               select tracking_number from labels
               where not used and asked_at < now() - interval '1 day' and created_at > now() - interval '180 days'
               order by asked_at limit $1 for update skip locked)
           returning tracking_number""",
        limit - len(followed),
    )
    return [row["tracking_number"] for row in (*followed, *unused)]


async def release_due(db: DB, numbers: Sequence[str], older_than: float) -> None:
    """These were not asked about after all: they are due again, after those that have waited longer."""
    await db.execute(
        """update followed set asked_at = now() - $2 * interval '1 second', asked_since_end = false
           where tracking_number = any($1)""",
        list(numbers),
        older_than,
    )
    await db.execute(
        "update labels set asked_at = now() - interval '1 day' where not used and tracking_number = any($1)",
        list(numbers),
    )


async def save_callbacks(db: DB, callbacks: Sequence[Callback], days: int) -> set[str]:
    """Keeps call-backs by their webhook id; the ids that were new."""
    rows = await db.fetch(
        """insert into callbacks (webhook_id, tracking_number, body, keep_until)
           select id, number, body, now() + $4 * interval '1 day'
           from unnest($1::text[], $2::text[], $3::bytea[]) as c (id, number, body)
           order by id on conflict do nothing returning webhook_id""",
        [callback.webhook_id for callback in callbacks],
        [callback.tracking_number for callback in callbacks],
        [callback.sealed_body for callback in callbacks],
        days,
    )
    return {row["webhook_id"] for row in rows}


async def save_raw(db: DB, scans: Sequence[RawScan], days: int) -> int:
    """Keeps what a carrier said, each once a source; how many were new. Unreadable ones have nothing to fold."""
    if not scans:
        return 0
    rows = await db.fetch(
        """insert into raw_scans (carrier, tracking_number, source, digest, body, code, scanned_at,
                                  utc_offset_minutes, country, folded_at, keep_until)
           select carrier, number, source, digest, body, code, scanned_at, utc_offset, country,
                  case when code is null then now() end, now() + $10 * interval '1 day'
           from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[],
                       $7::timestamptz[], $8::int[], $9::text[])
                as s (carrier, number, source, digest, body, code, scanned_at, utc_offset, country)
           order by number, source, digest on conflict do nothing returning 1""",
        [scan.carrier for scan in scans],
        [scan.tracking_number for scan in scans],
        [scan.source for scan in scans],
        [scan.digest for scan in scans],
        [scan.sealed for scan in scans],
        [scan.code for scan in scans],
        [scan.scanned_at for scan in scans],
        [scan.utc_offset_minutes for scan in scans],
        [scan.country for scan in scans],
        days,
    )
    return len(rows)


async def has_known_unfolded(db: DB) -> bool:
    """Whether there is anything to publish."""
    found = await db.fetchval(
        """select exists (select from raw_scans r join labels l on l.tracking_number = r.tracking_number and l.used
                          where r.folded_at is null and r.fold_after <= now())"""
    )
    return bool(found)


async def known_unfolded(db: DB, limit: int) -> list[KnownScan]:
    """Scans not published yet whose parcel has its label by now, locked; those locked by another are left out."""
    rows = await db.fetch(
        """select r.carrier, r.tracking_number, r.source, r.digest, r.code, r.scanned_at, r.utc_offset_minutes,
                  r.country, l.order_id, l.parcel
           from raw_scans r join labels l on l.tracking_number = r.tracking_number and l.used
           where r.folded_at is null and r.fold_after <= now()
           order by r.received_at, r.scanned_at limit $1 for update of r skip locked""",
        limit,
    )
    return [KnownScan(**row) for row in rows]


async def mark_folded(db: DB, scans: Sequence[KnownScan], aside: Mapping[KnownScan, str]) -> None:
    """These are settled: published, or set aside for the reason given."""
    await db.execute(
        """update raw_scans r set folded_at = now(), set_aside = s.reason
           from unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) as s (number, source, digest, reason)
           where r.tracking_number = s.number and r.source = s.source and r.digest = s.digest""",
        *_keys(scans),
        [aside.get(scan) for scan in scans],
    )


async def put_off(db: DB, scans: Sequence[KnownScan], seconds: float) -> None:
    """These could not be folded; not again before so many seconds."""
    await db.execute(
        """update raw_scans r set fold_after = now() + $4 * interval '1 second'
           from unnest($1::text[], $2::text[], $3::bytea[]) as s (number, source, digest)
           where r.tracking_number = s.number and r.source = s.source and r.digest = s.digest""",
        *_keys(scans),
        seconds,
    )


def _keys(scans: Sequence[KnownScan]) -> tuple[list[str], list[str], list[bytes]]:
    return (
        [scan.tracking_number for scan in scans],
        [scan.source for scan in scans],
        [scan.digest for scan in scans],
    )


async def count_doubtful(db: DB, announcing: Sequence[str]) -> Doubtful:
    """`announcing` are the codes that only say that a label is known."""
    row = await db.fetchrow(
        """select (select count(*) from ghost_labels) as ghosts,
                  (select count(*) from labels l where not l.used and exists (
                       select from raw_scans r where r.tracking_number = l.tracking_number and r.code <> all($1)
                   )) as scanned,
                  (select coalesce(extract(epoch from now() - min(r.received_at)), 0)
                   from raw_scans r join labels l on l.tracking_number = r.tracking_number and l.used
                   where r.folded_at is null) as age""",
        announcing,
    )
    assert row is not None  # noqa: S101  # an aggregate always has its row
    return Doubtful(row["ghosts"], row["scanned"], float(row["age"]))


async def erased(db: DB, numbers: Sequence[str]) -> set[str]:
    """Those of these parcels about which nothing personal may be stored any more.

    An erasure that comes at the same time waits for this transaction, and then sees what it has stored.
    """
    rows = await db.fetch(
        """select tracking_number, erased_at from labels
           where tracking_number = any($1) order by tracking_number for share""",
        list(numbers),
    )
    return {row["tracking_number"] for row in rows if row["erased_at"] is not None}


async def drop_personal(db: DB, order_ids: Sequence[UUID]) -> None:
    """Labels, and whatever a carrier sent us about these orders. The CN23 stays: it must be kept for four years."""
    numbers = [
        row["tracking_number"]
        for row in await db.fetch(
            "update labels set pdf = null, erased_at = now() where order_id = any($1) returning tracking_number",
            list(order_ids),
        )
    ]
    await db.execute("update raw_scans set body = null where tracking_number = any($1)", numbers)
    await db.execute("update callbacks set body = null where tracking_number = any($1)", numbers)


async def prune(db: DB) -> None:
    """What has reached its end date goes."""
    await db.execute("update labels set pdf = null where pdf is not null and pdf_until < now()")
    await db.execute("update labels set cn23 = null where cn23 is not null and cn23_until < now()")
    await db.execute("delete from raw_scans where keep_until < now()")
    await db.execute("delete from callbacks where keep_until < now()")
