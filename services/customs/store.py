"""All SQL of the customs service."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from services.customs.domain.quota import Share, Year
from services.customs.domain.receipts import LaterReceipt, SentMessage
from shared.db import DB


@dataclass(frozen=True, slots=True)
class Entry:
    """What one order takes of one year."""

    year: Year
    share: Share


@dataclass(frozen=True, slots=True)
class ParcelRow:
    order_id: UUID
    parcel: int
    sub_order: str
    regime: str
    state: str
    changed_at: datetime


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


async def entries(db: DB, order_ids: Collection[UUID]) -> dict[UUID, Entry]:
    """What these orders take of their buyers' years, as stored."""
    if not order_ids:
        return {}
    rows = await db.fetch(
        "select order_id, person, year, held, used from quota_entries where order_id = any($1)", list(order_ids)
    )
    return {row["order_id"]: Entry(Year(row["person"], row["year"]), Share(row["held"], row["used"])) for row in rows}


async def lock_years(db: DB, years: Collection[Year]) -> dict[Year, Decimal]:
    """Locks these years until the transaction ends; what is held and used of each."""
    if not years:
        return {}
    people, numbers = [year.person for year in years], [year.year for year in years]
    # A missing row locks nothing, so it is made first; both statements go by the same order of keys.
    await db.execute(
        """insert into quota (person, year) select * from unnest($1::bytea[], $2::int[]) order by 1, 2
           on conflict do nothing""",
        people,
        numbers,
    )
    rows = await db.fetch(
        """select person, year, held + used as taken from quota
           where (person, year) in (select * from unnest($1::bytea[], $2::int[]))
           order by person, year for update""",
        people,
        numbers,
    )
    return {Year(row["person"], row["year"]): row["taken"] for row in rows}


async def save_entries(db: DB, changed: Mapping[UUID, Entry]) -> None:
    """Stores what these orders take, and the sums of their years; the years are locked by the caller."""
    if not changed:
        return
    years = {entry.year for entry in changed.values()}
    await db.execute(
        """insert into quota_entries (order_id, person, year, held, used)
           select * from unnest($1::uuid[], $2::bytea[], $3::int[], $4::numeric[], $5::numeric[])
           on conflict (order_id) do update set held = excluded.held, used = excluded.used""",
        list(changed),
        [entry.year.person for entry in changed.values()],
        [entry.year.year for entry in changed.values()],
        [entry.share.held for entry in changed.values()],
        [entry.share.used for entry in changed.values()],
    )
    await db.execute(
        """update quota set held = sums.held, used = sums.used
           from (select person, year, sum(held) as held, sum(used) as used from quota_entries
                 where (person, year) in (select * from unnest($1::bytea[], $2::int[])) group by person, year) as sums
           where quota.person = sums.person and quota.year = sums.year""",
        [year.person for year in years],
        [year.year for year in years],
    )


async def save_parcels(db: DB, parcels: Sequence[ParcelRow]) -> None:
    if not parcels:
        return
    await db.execute(
        """insert into parcels (order_id, parcel, sub_order, regime, state, changed_at)
           select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
           on conflict (order_id, parcel) do update set state = excluded.state, changed_at = excluded.changed_at
           where parcels.state <> excluded.state or parcels.changed_at <> excluded.changed_at""",
        [parcel.order_id for parcel in parcels],
        [parcel.parcel for parcel in parcels],
        [parcel.sub_order for parcel in parcels],
        [parcel.regime for parcel in parcels],
        [parcel.state for parcel in parcels],
        [parcel.changed_at for parcel in parcels],
    )


async def list_parcels(db: DB, state: str | None, after: tuple[UUID, int] | None, limit: int) -> list[asyncpg.Record]:
    """Parcels by order and number, of one state if one is named."""
    order_id, parcel = after or (UUID(int=0), 0)
    return await db.fetch(
        """select order_id, parcel, sub_order, regime, state, changed_at from parcels
           where ($1::text is null or state = $1) and (order_id, parcel) > ($2, $3)
           order by order_id, parcel limit $4""",
        state,
        order_id,
        parcel,
        limit,
    )


async def message(db: DB, order_id: UUID, parcel: int, message_type: str) -> asyncpg.Record | None:
    """A message as it was written: body (sealed) and status, None while it is unanswered."""
    return await db.fetchrow(
        "select body, status from messages where order_id = $1 and parcel = $2 and type = $3",
        order_id,
        parcel,
        message_type,
    )


async def add_message(
    db: DB, guid: UUID, order_id: UUID, parcel: int, message_type: str, body: bytes, at: datetime, until: datetime
) -> None:
    """Before it leaves. One that is there already stays as it is."""
    await db.execute(
        """insert into messages (guid, order_id, parcel, type, body, created_at, keep_until)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing""",
        guid,
        order_id,
        parcel,
        message_type,
        body,
        at,
        until,
    )


async def message_answered(db: DB, guid: UUID, status: str, number: str | None, at: datetime) -> None:
    await db.execute(
        "update messages set status = $2, number = coalesce($3, number), answered_at = $4 where guid = $1",
        guid,
        status,
        number,
        at,
    )


async def turned_down(db: DB, receipts: Sequence[tuple[UUID | None, str]], at: datetime) -> None:
    """Messages whose later receipt, by guid and status, says that they are to be written anew."""
    if receipts:
        await db.execute(
            """update messages set status = r.status, answered_at = $3
               from unnest($1::uuid[], $2::text[]) as r (guid, status) where messages.guid = r.guid""",
            [guid for guid, _ in receipts],
            [status for _, status in receipts],
            at,
        )


async def drop_messages(db: DB, guids: Collection[UUID]) -> None:
    await db.execute("delete from messages where guid = any($1)", list(guids))


async def messages_of(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """What was sent of an order, without the bodies."""
    return await db.fetch(
        """select parcel, type, guid, status, number, created_at, answered_at from messages
           where order_id = $1 order by parcel, type""",
        order_id,
    )


async def save_declaration(db: DB, declaration: Declaration, *, overtaken: bool) -> None:
    """`overtaken`: the order had ended by the time of the answer, which was therefore not said."""
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


async def declarations_of(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    return await db.fetch(
        """select parcel, lrn, outcome, mrn, overtaken, answered_at from export_declarations
           where order_id = $1 order by parcel""",
        order_id,
    )


async def cursor(db: DB, source: str) -> str | None:
    """How far the receipts of this source were read; None before the first."""
    found: str | None = await db.fetchval("select cursor from receipt_cursor where source = $1", source)
    return found


async def lock_parcel(db: DB, order_id: UUID, parcel: int) -> None:
    """Until the transaction ends: the agent's notice and the writing of the inventory go one after the other."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"inventory:{order_id}:{parcel}")


async def lock_source(db: DB, source: str) -> None:
    """One transaction at a time reads on, also before there is a cursor to lock."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"receipts:{source}")


async def move_cursor(db: DB, source: str, to: str) -> None:
    await db.execute(
        """insert into receipt_cursor (source, cursor) values ($1, $2)
           on conflict (source) do update set cursor = excluded.cursor""",
        source,
        to,
    )


async def whose(db: DB, guids: Collection[UUID]) -> dict[UUID, SentMessage]:
    """The messages of ours with these guids."""
    rows = await db.fetch(
        "select guid, order_id, parcel, type, created_at from messages where guid = any($1)", list(guids)
    )
    return {row["guid"]: SentMessage(row["order_id"], row["parcel"], row["type"], row["created_at"]) for row in rows}


async def declared_as(db: DB, sub_orders: Collection[str]) -> list[asyncpg.Record]:
    """The parcels that are declared under these numbers; of two marketplaces, two may be under the same one."""
    return await db.fetch("select order_id, parcel, sub_order from parcels where sub_order = any($1)", list(sub_orders))


async def add_receipts(
    db: DB, receipts: Sequence[tuple[LaterReceipt, bytes]], owners: Mapping[UUID, SentMessage]
) -> set[str]:
    """Keeps receipts with their sealed words; the cursors of those that were not known yet.

    One that comes again under another cursor is known by what it says: of which message, what, and when. One without
    a readable time is known by its cursor alone.
    """
    found = [None if receipt.guid is None else owners.get(receipt.guid) for receipt, _ in receipts]
    rows = await db.fetch(
        """insert into receipts (cursor, guid, order_id, parcel, message_type, status, returned_at, info)
           select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[],
                                $7::timestamptz[], $8::bytea[])
           on conflict do nothing returning cursor""",
        [receipt.cursor for receipt, _ in receipts],
        [receipt.guid for receipt, _ in receipts],
        [owner and owner.order_id for owner in found],
        [owner and owner.parcel for owner in found],
        [receipt.message_type for receipt, _ in receipts],
        [receipt.status for receipt, _ in receipts],
        [receipt.returned_at for receipt, _ in receipts],
        [info for _, info in receipts],
    )
    return {row["cursor"] for row in rows}


async def receipts_of(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """Every receipt of an order, also those whose status says nothing to us, without the office's words."""
    return await db.fetch(
        """select parcel, message_type, status, returned_at, recorded_at from receipts
           where order_id = $1 order by parcel, returned_at, recorded_at""",
        order_id,
    )


async def add_answer(db: DB, order_id: UUID, subject: str, sealed: bytes, by: str, at: datetime) -> bool:
    """An operator's answer to a hold; False when one was given already."""
    added = await db.fetchval(
        """insert into hold_answers (order_id, subject, answer, answered_by, given_at)
           values ($1, $2, $3, $4, $5) on conflict do nothing returning true""",
        order_id,
        subject,
        sealed,
        by,
        at,
    )
    return bool(added)


async def answer(db: DB, order_id: UUID, subject: str) -> bytes | None:
    found: bytes | None = await db.fetchval(
        "select answer from hold_answers where order_id = $1 and subject = $2", order_id, subject
    )
    return found


async def forget(db: DB, now: datetime) -> None:
    """Drops sent documents whose period has ended (business time)."""
    await db.execute("delete from messages where keep_until < $1", now)
    await db.execute("delete from export_declarations where keep_until < $1", now)


async def forget_answers(db: DB, order_ids: Sequence[UUID]) -> None:
    """On erasure: what operators wrote, and the office's own words, which may name the person."""
    await db.execute("delete from hold_answers where order_id = any($1)", list(order_ids))
    await db.execute("update receipts set info = '' where order_id = any($1)", list(order_ids))
