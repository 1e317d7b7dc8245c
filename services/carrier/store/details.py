"""What carriers reported of parcels beside their scans: the latest of each, and whether it is published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import asyncpg

from services.carrier.domain.details import KnownDetails, ParcelDetails
from services.carrier.store.numbers import Number, columns
from shared.db import DB

ReportedDetails: TypeAlias = tuple[str, str, ParcelDetails]
"""Carrier, tracking number, and what was reported."""


async def save(db: DB, reported: Sequence[ReportedDetails], days: int) -> bool:
    """Keeps what was reported; whether any of it is new. Of one parcel the last report counts."""
    details_of: dict[Number, dict[str, str | None]] = {}
    for carrier, number, details in reported:
        details_of.setdefault((carrier, number), {}).update(details.stored())
    if not details_of:
        return False
    parcels = sorted(details_of)
    rows = await db.fetch(
        """insert into parcel_details (carrier, tracking_number, details, keep_until)
           select carrier, number, details, now() + $4 * interval '1 day'
           from unnest($1::text[], $2::text[], $3::jsonb[]) as d (carrier, number, details)
           on conflict (carrier, tracking_number) do update
           set details = parcel_details.details || excluded.details, keep_until = excluded.keep_until,
               processed_at = null, publish_after = '-infinity'
           where parcel_details.details || excluded.details <> parcel_details.details
           returning 1""",
        *columns(parcels),
        [json.dumps(details_of[parcel], ensure_ascii=False) for parcel in parcels],
        days,
    )
    return bool(rows)


async def any_to_publish(pool: asyncpg.Pool[asyncpg.Record]) -> bool:
    """Whether there is anything to publish: details that are not processed yet, and whose parcel has its label."""
    exists = await pool.fetchval(
        """select exists (select from parcel_details d join labels l using (carrier, tracking_number)
                          where l.used and d.processed_at is null and d.publish_after <= now())"""
    )
    return bool(exists)


async def lock_to_publish(db: DB, limit: int, of: Sequence[KnownDetails] | None = None) -> list[KnownDetails]:
    """Details that are to be published, locked; those locked by another transaction are left out. `of`: those of these
    parcels only, as they are now."""
    wanted = None if of is None else columns([(report.carrier, report.tracking_number) for report in of])
    rows = await db.fetch(
        """select d.carrier, d.tracking_number, l.order_id, l.parcel, d.details
           from parcel_details d join labels l using (carrier, tracking_number)
           where l.used and d.processed_at is null and d.publish_after <= now()
             and ($2::text[] is null
                  or (d.carrier, d.tracking_number) in (select * from unnest($2::text[], $3::text[])))
           order by d.carrier, d.tracking_number limit $1 for update of d skip locked""",
        limit,
        *(wanted or (None, None)),
    )
    return _known(rows)


async def of_order(db: DB, order_id: UUID) -> list[KnownDetails]:
    """What was reported of the order's parcels under the labels that they show."""
    rows = await db.fetch(
        """select d.carrier, d.tracking_number, l.order_id, l.parcel, d.details
           from parcel_details d join labels l using (carrier, tracking_number)
           where l.order_id = $1 and l.used order by l.parcel""",
        order_id,
    )
    return _known(rows)


async def mark_processed(db: DB, reports: Sequence[KnownDetails]) -> None:
    """These are published, those left out that have changed in the meantime."""
    await db.execute(
        """update parcel_details d set processed_at = now()
           from unnest($1::text[], $2::text[], $3::jsonb[]) as p (carrier, number, details)
           where d.carrier = p.carrier and d.tracking_number = p.number and d.details = p.details""",
        [report.carrier for report in reports],
        [report.tracking_number for report in reports],
        [json.dumps(report.details, ensure_ascii=False) for report in reports],
    )


async def postpone(db: DB, report: KnownDetails, seconds: float) -> None:
    """These could not be published; not again before so many seconds."""
    await db.execute(
        """update parcel_details set publish_after = now() + $3 * interval '1 second'
           where carrier = $1 and tracking_number = $2""",
        report.carrier,
        report.tracking_number,
        seconds,
    )


async def drop_expired(db: DB) -> None:
    await db.execute("delete from parcel_details where keep_until < now()")


def _known(rows: Sequence[asyncpg.Record]) -> list[KnownDetails]:
    return [
        KnownDetails(row["carrier"], row["tracking_number"], row["order_id"], row["parcel"], json.loads(row["details"]))
        for row in rows
    ]
