"""All SQL of the tracking service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from services.tracking.domain.comparison import DocumentVersion
from services.tracking.domain.document import DerivedDocument
from shared.db import DB
from shared.ledger import fact_sets
from shared.messaging import positions

if TYPE_CHECKING:
    import asyncpg

CHANNEL = "tracking"
"""The NOTIFY channel; a payload is the id of an order whose document has changed."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it is answered and streamed."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """The public part of a parcel's document, for anyone who knows its tracking number."""

    status: str
    status_at: datetime
    country: str | None
    flags: tuple[str, ...]


async def save(db: DB, documents: Sequence[DerivedDocument]) -> None:
    """Replaces the documents that have changed, and notifies the listeners with the commit."""
    changed = await db.fetch(
        """insert into documents (order_id, body, etag, updated_at)
           select * from unnest($1::uuid[], $2::bytea[], $3::text[], $4::timestamptz[])
           on conflict (order_id) do update
           set body = excluded.body, etag = excluded.etag, updated_at = excluded.updated_at
           where documents.etag <> excluded.etag
           returning order_id""",
        [document.document.order_id for document in documents],
        [document.body for document in documents],
        [document.etag for document in documents],
        [document.document.updated_at for document in documents],
    )
    ids = {row["order_id"] for row in changed}
    if not ids:
        return
    parcels = [
        (document.document.order_id, parcel)
        for document in documents
        if document.document.order_id in ids
        for parcel in document.document.parcels
        if parcel.tracking_number and parcel.status
    ]
    repacked = [
        document.document.order_id
        for document in documents
        if document.has_given_up_boxes and document.document.order_id in ids
    ]
    if repacked:
        await db.execute(
            """delete from parcels where order_id = any($1)
                 and (order_id, parcel) not in (select * from unnest($2::uuid[], $3::int[]))""",
            repacked,
            [order_id for order_id, _ in parcels],
            [parcel.parcel for _, parcel in parcels],
        )
    if parcels:
        await db.execute(
            """insert into parcels (order_id, parcel, tracking_number, status, status_at, country, flags)
               select order_id, parcel, number, status, status_at, country, string_to_array(flags, ',')
               from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
                    as p (order_id, parcel, number, status, status_at, country, flags)
               on conflict (order_id, parcel) do update
               set tracking_number = excluded.tracking_number, status = excluded.status,
                   status_at = excluded.status_at, country = excluded.country, flags = excluded.flags""",
            [order_id for order_id, _ in parcels],
            [parcel.parcel for _, parcel in parcels],
            [parcel.tracking_number for _, parcel in parcels],
            [parcel.status for _, parcel in parcels],
            [parcel.status_at for _, parcel in parcels],
            [parcel.country for _, parcel in parcels],
            [",".join(parcel.flags) for _, parcel in parcels],
        )
    await db.execute("select pg_notify($1, id::text) from unnest($2::uuid[]) as id", CHANNEL, sorted(ids))


async def document(pool: asyncpg.Pool[asyncpg.Record], order_id: UUID) -> StoredDocument | None:
    row = await pool.fetchrow("select body, etag from documents where order_id = $1", order_id)
    return StoredDocument(row["body"], row["etag"]) if row else None


async def public_status(pool: asyncpg.Pool[asyncpg.Record], tracking_number: str) -> PublicStatus | None:
    """The parcel with this number; the latest one, because carriers reuse numbers after some years."""
    row = await pool.fetchrow(
        """select status, status_at, country, flags from parcels where tracking_number = $1
           order by status_at desc, order_id limit 1""",
        tracking_number,
    )
    return PublicStatus(row["status"], row["status_at"], row["country"], tuple(row["flags"])) if row else None


async def public_carrier(pool: asyncpg.Pool[asyncpg.Record], tracking_number: str) -> str | None:
    """The carrier of this number, for the parcel of `public_status`; None while that is not known."""
    carrier: str | None = await pool.fetchval(
        """select shown->>'carrier' from parcels p join documents d using (order_id),
                  jsonb_array_elements(convert_from(d.body, 'UTF8')::jsonb->'parcels') as shown
           where p.tracking_number = $1 and (shown->>'parcel')::int = p.parcel
           order by p.status_at desc, p.order_id limit 1""",
        tracking_number,
    )
    return carrier


async def versions(db: DB) -> dict[UUID, DocumentVersion]:
    """Of every order with a consumed fact."""
    counts = await fact_sets.consumed(db)
    rows = await db.fetch("select order_id, encode(sha256(body), 'hex') as digest from documents")
    digests = {row["order_id"]: row["digest"] for row in rows}
    return {order_id: DocumentVersion(count, digests.get(order_id, "")) for order_id, count in counts.items()}


async def delete_everything(db: DB) -> None:
    """Deletes the documents, the facts they were derived from, and the consumer's positions."""
    await db.execute("truncate documents, parcels")
    await fact_sets.forget_all(db)
    await positions.forget_all(db)
