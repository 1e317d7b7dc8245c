"""The read table of orders, and the digests of the bodies that they were submitted with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from services.orders.domain.search import search_terms
from shared.db import DB
from shared.sealing import Seal, SealedColumn

Connection: TypeAlias = "DB | asyncpg.Pool[asyncpg.Record]"

COLUMNS = "order_id, marketplace, updated_at, document"
"""Those of a StoredOrder."""
NUMBERED_LIMIT = 20


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """A row of the read table."""

    order_id: UUID
    marketplace: str
    updated_at: datetime
    document: dict[str, Any]

    @classmethod
    def of(cls, row: asyncpg.Record) -> StoredOrder:
        return cls(row["order_id"], row["marketplace"], row["updated_at"], json.loads(row["document"]))


async def save(db: DB, documents: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Writes these orders as `domain.document` makes them; `updated_at` changes only when the document does."""
    await db.execute(
        """with saved as (
               insert into orders (order_id, marketplace, number, document, state, since, deadline, updated_at)
               select *, $8 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                                        $7::timestamptz[])
               on conflict (order_id) do update
               set document = excluded.document, state = excluded.state, since = excluded.since,
                   deadline = excluded.deadline, updated_at = excluded.updated_at
               where orders.document is distinct from excluded.document)
           insert into order_search (order_id, marketplace, terms)
           select * from unnest($1::uuid[], $2::text[], $9::text[])
           on conflict (order_id) do update set terms = excluded.terms
           where order_search.terms is distinct from excluded.terms""",
        [document["id"] for document in documents],
        [document["marketplace"] for document in documents],
        [document["number"] for document in documents],
        [json.dumps(document, ensure_ascii=False) for document in documents],
        [None if document["closed_at"] else document["status"] for document in documents],
        [datetime.fromisoformat(document["since"]) for document in documents],
        [datetime.fromisoformat(document["deadline"]) if document["deadline"] else None for document in documents],
        now,
        [search_terms(document) for document in documents],
    )


async def find(db: Connection, order_id: UUID) -> StoredOrder | None:
    row = await db.fetchrow(f"select {COLUMNS} from orders where order_id = $1", order_id)
    return StoredOrder.of(row) if row else None


async def find_by_number(
    db: Connection, number: str, *, marketplace: str | None, limit: int = NUMBERED_LIMIT
) -> list[StoredOrder]:
    """The orders of this number; of one marketplace, or of all when None."""
    rows = await db.fetch(
        f"""select {COLUMNS} from orders
            where number = $1 and ($2::text is null or marketplace = $2) order by marketplace limit $3""",
        number,
        marketplace,
        limit,
    )
    return [StoredOrder.of(row) for row in rows]


async def page(
    db: Connection,
    *,
    marketplace: str | None,
    updated_since: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredOrder]:
    """Orders by (updated_at, id); of one marketplace, or of all when None."""
    after_updated_at, after_id = after or (None, None)
    rows = await db.fetch(
        f"""select {COLUMNS} from orders
            where ($1::text is null or marketplace = $1)
              and ($2::timestamptz is null or updated_at >= $2)
              and ($3::timestamptz is null or (updated_at, order_id) > ($3, $4::uuid))
            order by updated_at, order_id limit $5""",
        marketplace,
        updated_since,
        after_updated_at,
        after_id,
        limit,
    )
    return [StoredOrder.of(row) for row in rows]


async def open_by_state(db: DB, now: datetime) -> list[dict[str, Any]]:
    """Open orders by state: how many, since when the oldest is in it, how many are past their deadline."""
    rows = await db.fetch(
        """select state, count(*) as orders, min(since) as oldest, count(*) filter (where deadline < $1) as overdue
           from orders where state is not null group by state""",
        now,
    )
    return [dict(row) for row in rows]


async def longest_in_state(db: Connection) -> StoredOrder | None:
    """The open order that has been longest in its state."""
    row = await db.fetchrow(
        f"""select {COLUMNS} from orders
            where state is not null and (state, since) = (
                select state, min(since) from orders where state is not null group by state order by 2 limit 1)
            limit 1"""
    )
    return StoredOrder.of(row) if row else None


def _fingerprint_place(order_id: UUID) -> str:
    return f"fingerprint:{order_id}"


SEALED_FINGERPRINT = SealedColumn(
    "STORAGE_KEY",
    "fingerprints",
    "digest",
    key=("order_id",),
    place=_fingerprint_place,
    placed_by=("order_id",),
)


async def save_fingerprints(db: DB, fingerprints: Mapping[UUID, bytes], seal: Seal) -> None:
    """Keeps, as a sealed digest, with which body each order was submitted."""
    await db.execute(
        "insert into fingerprints (order_id, digest) select * from unnest($1::uuid[], $2::bytea[])",
        list(fingerprints),
        [seal.seal(digest, _fingerprint_place(order_id)) for order_id, digest in fingerprints.items()],
    )


async def fingerprints(db: DB, order_ids: Sequence[UUID], seal: Seal) -> dict[UUID, bytes]:
    """The digests of the bodies that these orders were submitted with; none of an order whose person is erased."""
    rows = await db.fetch(
        "select order_id, digest from fingerprints where order_id = any($1) and digest is not null", order_ids
    )
    return {row["order_id"]: seal.open(row["digest"], _fingerprint_place(row["order_id"])) for row in rows}


async def delete_fingerprint(db: DB, order_id: UUID) -> None:
    """Deletes the digest, which follows from the person's data."""
    await db.execute("update fingerprints set digest = null where order_id = $1", order_id)
