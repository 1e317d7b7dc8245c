"""All SQL of the tracking service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from services.tracking.domain.document import DerivedDocument
from shared.db import DB
from shared.ledger import fact_sets
from shared.messaging import positions

if TYPE_CHECKING:
    import asyncpg

CHANNEL = "tracking"
"""NOTIFY carries the id of an order whose document has changed."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as stored."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What may be told of a parcel to anyone."""

    status: str
    status_at: datetime
    country: str | None


async def save(db: DB, documents: Sequence[DerivedDocument]) -> None:
    """Replaces the documents that have changed, and tells the streams after the commit."""
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
    if parcels:
        await db.execute(
            """insert into parcels (order_id, parcel, tracking_number, status, status_at, country)
               select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
               on conflict (order_id, parcel) do update
               set tracking_number = excluded.tracking_number, status = excluded.status,
                   status_at = excluded.status_at, country = excluded.country""",
            [order_id for order_id, _ in parcels],
            [parcel.parcel for _, parcel in parcels],
            [parcel.tracking_number for _, parcel in parcels],
            [parcel.status for _, parcel in parcels],
            [parcel.status_at for _, parcel in parcels],
            [parcel.country for _, parcel in parcels],
        )
    await db.execute("select pg_notify($1, id::text) from unnest($2::uuid[]) as id", CHANNEL, sorted(ids))


async def document(pool: asyncpg.Pool[asyncpg.Record], order_id: UUID) -> Document | None:
    row = await pool.fetchrow("select body, etag from documents where order_id = $1", order_id)
    return Document(row["body"], row["etag"]) if row else None


async def sight(pool: asyncpg.Pool[asyncpg.Record], tracking_number: str) -> Sight | None:
    """The parcel with this number; the latest one, for carriers use numbers again after some years."""
    row = await pool.fetchrow(
        """select status, status_at, country from parcels where tracking_number = $1
           order by status_at desc, order_id limit 1""",
        tracking_number,
    )
    return Sight(row["status"], row["status_at"], row["country"]) if row else None


@dataclass(frozen=True, slots=True)
class Version:
    """How many facts were heard of an order, and the SHA-256 of its document's bytes as they are, in hexadecimal;
    empty without a document."""

    consumed: int
    digest: str


async def versions(db: DB) -> dict[UUID, Version]:
    """Of every order that was consumed."""
    facts = await fact_sets.consumed(db)
    rows = await db.fetch("select order_id, encode(sha256(body), 'hex') as digest from documents")
    digests = {row["order_id"]: row["digest"] for row in rows}
    return {order_id: Version(count, digests.get(order_id, "")) for order_id, count in facts.items()}


async def forget_everything(db: DB) -> None:
    """The documents, the facts they were derived from, and how far the topics were consumed."""
    await db.execute("truncate documents, parcels")
    await fact_sets.forget_all(db)
    await positions.forget_all(db)
