"""All SQL of `orders`. Set-based wherever more than one order may be concerned."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import OrderPlaced
from services.orders.domain import search
from services.orders.domain.document import document
from shared.db import DB
from shared.ledger.facts import Facts

SOUGHT_FOR_MS = 1500
"""Milliseconds a search may take: one for what most orders of others have in common would hold a session for long."""
SOUGHT_AT_MOST = 1_000
"""A part that more orders have in common finds none of them for a person, and takes long."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of the read table."""

    order_id: UUID
    marketplace: str
    updated_at: datetime
    document: dict[str, Any]


async def project_orders(db: DB, orders: Sequence[Facts], now: datetime) -> None:
    """Brings the read table in line; `updated_at` moves only when something that can be seen has changed."""
    rows = [
        (placed, entry)
        for facts in orders
        if (placed := facts.get(OrderPlaced)) is not None and (entry := document(facts)) is not None
    ]
    await db.execute(
        """with seen as (
               insert into orders (order_id, marketplace, number, document, state, since, deadline, updated_at)
               select *, $8 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                                        $7::timestamptz[])
               on conflict (order_id) do update
               set document = excluded.document, state = excluded.state, since = excluded.since,
                   deadline = excluded.deadline, updated_at = excluded.updated_at
               where orders.document is distinct from excluded.document)
           insert into order_words (order_id, marketplace, words)
           select * from unnest($1::uuid[], $2::text[], $9::text[])
           on conflict (order_id) do update set words = excluded.words
           where order_words.words is distinct from excluded.words""",
        [placed.order_id for placed, _ in rows],
        [placed.marketplace for placed, _ in rows],
        [placed.number for placed, _ in rows],
        [json.dumps(entry, ensure_ascii=False) for _, entry in rows],
        [None if entry["closed_at"] else entry["status"] for _, entry in rows],
        [datetime.fromisoformat(entry["since"]) for _, entry in rows],
        [datetime.fromisoformat(entry["deadline"]) if entry["deadline"] else None for _, entry in rows],
        now,
        [search.words(entry) for _, entry in rows],
    )


async def project_cases(db: DB, orders: Sequence[Facts]) -> None:
    """Brings the list of cases in line."""
    rows = [(case, facts.get(CaseClosed, case.case)) for facts in orders for case in facts.all(CaseOpened)]
    if not rows:
        return
    await db.execute(
        """insert into cases (order_id, name, kind, parcel, reason, action, opened_at, due_at, closed_at, resolution)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[],
                                $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[])
           on conflict (order_id, name) do update set closed_at = excluded.closed_at, resolution = excluded.resolution
           where cases.closed_at is distinct from excluded.closed_at""",
        [case.order_id for case, _ in rows],
        [case.case for case, _ in rows],
        [case.kind for case, _ in rows],
        [case.parcel for case, _ in rows],
        [case.reason for case, _ in rows],
        [case.action for case, _ in rows],
        [case.occurred_at for case, _ in rows],
        [case.due_at for case, _ in rows],
        [closed.occurred_at if closed else None for _, closed in rows],
        [closed.resolution if closed else None for _, closed in rows],
    )


async def keep_fingerprints(db: DB, fingerprints: Mapping[UUID, bytes]) -> None:
    """Remembers, by a keyed digest, with which body each order came."""
    await db.execute(
        "insert into fingerprints (order_id, digest) select * from unnest($1::uuid[], $2::bytea[])",
        list(fingerprints),
        list(fingerprints.values()),
    )


async def fingerprints(db: DB, order_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The digests of the bodies with which these orders came; none after an erasure."""
    rows = await db.fetch(
        "select order_id, digest from fingerprints where order_id = any($1) and digest is not null", order_ids
    )
    return {row["order_id"]: row["digest"] for row in rows}


async def find(db: DB | asyncpg.Pool[asyncpg.Record], order_id: UUID) -> Stored | None:
    row = await db.fetchrow(
        "select order_id, marketplace, updated_at, document from orders where order_id = $1", order_id
    )
    return _stored(row) if row else None


async def numbered(
    db: DB | asyncpg.Pool[asyncpg.Record], number: str, *, marketplace: str | None, limit: int = 20
) -> list[Stored]:
    """The orders of this number; of one marketplace, or of all when None."""
    rows = await db.fetch(
        """select order_id, marketplace, updated_at, document from orders
           where number = $1 and ($2::text is null or marketplace = $2) order by marketplace limit $3""",
        number,
        marketplace,
        limit,
    )
    return [_stored(row) for row in rows]


class TooMany(Exception):
    """What was sought is part of more than `SOUGHT_AT_MOST` orders."""


async def _ids_with(db: DB, part: search.Part, marketplace: str | None) -> list[asyncpg.Record]:
    async with db.transaction(readonly=True):
        await db.execute(f"set local statement_timeout = '{SOUGHT_FOR_MS}ms'")
        return await db.fetch(
            """(select order_id from order_words
                where words like $1 and ($4::text is null or marketplace = $4) limit $5)
               union (select order_id from orders
                      where order_id between $2 and $3 and ($4::text is null or marketplace = $4) limit $5)""",
            part.pattern,
            part.first_id,
            part.last_id,
            marketplace,
            SOUGHT_AT_MOST + 1,
        )


async def found(
    pool: asyncpg.Pool[asyncpg.Record],
    part: search.Part,
    *,
    marketplace: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Stored]:
    """Orders whose number or tracking numbers hold this part, or whose id begins with it: the last changed first; of
    one marketplace, or of all when None. Raises TooMany, also when so many orders of others have it that the search
    does not come to its end in time."""
    async with pool.acquire() as db:
        try:
            ids = await _ids_with(db, part, marketplace)
        except asyncpg.QueryCanceledError:
            raise TooMany from None
        if len(ids) > SOUGHT_AT_MOST:
            raise TooMany
        at, order_id = before or (None, None)
        rows = await db.fetch(
            """select order_id, marketplace, updated_at, document from orders
               where order_id = any($1) and ($2::timestamptz is null or (updated_at, order_id) < ($2, $3::uuid))
               order by updated_at desc, order_id desc limit $4""",
            [row["order_id"] for row in ids],
            at,
            order_id,
            limit,
        )
    return [_stored(row) for row in rows]


async def page(
    db: DB | asyncpg.Pool[asyncpg.Record],
    *,
    marketplace: str | None,
    updated_since: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Stored]:
    """Orders by (updated_at, id); of one marketplace, or of all when None."""
    at, order_id = after or (None, None)
    rows = await db.fetch(
        """select order_id, marketplace, updated_at, document from orders
           where ($1::text is null or marketplace = $1)
             and ($2::timestamptz is null or updated_at >= $2)
             and ($3::timestamptz is null or (updated_at, order_id) > ($3, $4::uuid))
           order by updated_at, order_id limit $5""",
        marketplace,
        updated_since,
        at,
        order_id,
        limit,
    )
    return [_stored(row) for row in rows]


async def cases(
    db: DB | asyncpg.Pool[asyncpg.Record],
    *,
    status: str,
    after: tuple[datetime, UUID, str] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Cases by (opened_at, order, name), with the order's names. `status` is open, closed or all."""
    at, order_id, name = after or (None, None, None)
    return await db.fetch(
        """select c.order_id, c.name, c.kind, c.parcel, c.reason, c.action, c.opened_at, c.due_at, c.closed_at,
                  c.resolution, o.marketplace, o.number, o.document::json ->> 'status' as order_status
           from cases c left join orders o using (order_id)
           where ($1 = 'all' or (c.closed_at is null) = ($1 = 'open'))
             and ($2::timestamptz is null or (c.opened_at, c.order_id, c.name) > ($2, $3::uuid, $4::text))
           order by c.opened_at, c.order_id, c.name limit $5""",
        status,
        at,
        order_id,
        name,
        limit,
    )


async def note_erasure(db: DB, order_id: UUID, step: str, by: str, at: datetime) -> None:
    """The append-only record: who asked for an erasure, and when it was carried out."""
    await db.execute(
        "insert into erasures (order_id, step, by_whom, at) values ($1, $2, $3, $4)", order_id, step, by, at
    )


async def forget(db: DB, order_id: UUID) -> None:
    """Drops what this service itself keeps that follows from the person's data."""
    await db.execute("update fingerprints set digest = null where order_id = $1", order_id)


async def standing(db: DB, now: datetime) -> list[asyncpg.Record]:
    """Orders under way by state: how many, since when the oldest stands there, how many are past their deadline."""
    return await db.fetch(
        """select state, count(*) as orders, min(since) as oldest, count(*) filter (where deadline < $1) as overdue
           from orders where state is not null group by state""",
        now,
    )


async def longest_standing(db: DB | asyncpg.Pool[asyncpg.Record]) -> Stored | None:
    """The order under way that has stood longest where it stands."""
    row = await db.fetchrow(
        """select order_id, marketplace, updated_at, document from orders
           where state is not null and (state, since) = (
               select state, min(since) from orders where state is not null group by state order by 2 limit 1)
           limit 1"""
    )
    return _stored(row) if row else None


async def cases_open(db: DB, now: datetime) -> list[asyncpg.Record]:
    """Open cases by kind, and how many of them are past the day by which a person was to answer."""
    return await db.fetch(
        """select kind, count(*) as cases, count(*) filter (where due_at < $1) as overdue
           from cases where closed_at is null group by kind""",
        now,
    )


async def erasures_to_check(db: DB, *, hours: int, again_hours: int, limit: int) -> set[UUID]:
    """Erased orders whose record may still lie on the topic, said so long ago (real time) that it should not, and not
    looked at for a while: those first that have waited longest."""
    rows = await db.fetch(
        """select order_id from tombstones
           where gone_at is null and first_said_at < now() - $1 * interval '1 hour'
             and (checked_at is null or checked_at < now() - $2 * interval '1 hour')
           order by coalesce(checked_at, first_said_at) limit $3""",
        hours,
        again_hours,
        limit,
    )
    return {row["order_id"] for row in rows}


async def erasures_unfinished(db: DB, *, days: int) -> int:
    """How many erasures have not been seen to be effective on the topic after so many days (real time)."""
    found = await db.fetchval(
        "select count(*) from tombstones where gone_at is null and first_said_at < now() - $1 * interval '1 day'", days
    )
    return int(found or 0)


async def note_checked(db: DB, looked_at: Collection[UUID], gone: Collection[UUID]) -> None:
    """These records were looked for on the topic, and some were not found any more."""
    await db.execute(
        """update tombstones set checked_at = now(), gone_at = case when order_id = any($2) then now() end
           where order_id = any($1)""",
        list(looked_at),
        list(gone),
    )


async def tombstones_to_repeat(db: DB, *, every_hours: int, limit: int) -> list[UUID]:
    """Erased orders whose tombstone is due again (real time), marked as said now."""
    rows = await db.fetch(
        """with due as (
               select order_id from tombstones
               where gone_at is null and said_at < now() - $1 * interval '1 hour'
               order by said_at limit $2 for update skip locked)
           update tombstones set said_at = now() from due where tombstones.order_id = due.order_id
           returning tombstones.order_id""",
        every_hours,
        limit,
    )
    return [row["order_id"] for row in rows]


async def note_tombstone(db: DB, order_id: UUID) -> None:
    await db.execute("insert into tombstones (order_id) values ($1) on conflict do nothing", order_id)


def _stored(row: asyncpg.Record) -> Stored:
    return Stored(row["order_id"], row["marketplace"], row["updated_at"], json.loads(row["document"]))
