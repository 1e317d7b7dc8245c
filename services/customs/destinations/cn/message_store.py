"""CEB messages as they are sent, or as a broker sends them, sealed; written before they leave."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from uuid import UUID

import asyncpg

from services.customs.destinations.cn.ceb import BusinessKeys
from shared.db import DB
from shared.sealing import SealedColumn


def sealing_place(guid: UUID) -> str:
    """The place to which a message is sealed."""
    return f"ceb:{guid}"


SEALED = SealedColumn("STORAGE_KEY", "messages", "body", key=("guid",), place=sealing_place, placed_by=("guid",))


async def load(db: DB, order_id: UUID, parcel: int, message_type: str) -> asyncpg.Record | None:
    """A message as it was written: body (sealed), when, whether it is ours to send, and its status."""
    return await db.fetchrow(
        """select guid, body, created_at, is_ours, status from messages
           where order_id = $1 and parcel = $2 and type = $3""",
        order_id,
        parcel,
        message_type,
    )


async def add(
    db: DB,
    guid: UUID,
    order_id: UUID,
    parcel: int,
    message_type: str,
    body: bytes,
    keys: BusinessKeys,
    is_ours: bool,
    created_at: datetime,
    keep_until: datetime,
    number: str | None = None,
) -> None:
    """Before it leaves. One that is there already stays as it is. `number`: of the declaration that it changes."""
    await db.execute(
        """insert into messages (guid, order_id, parcel, type, body, created_at, keep_until, cop_no, ebp_code, order_no,
                                 logistics_code, logistics_no, pay_code, pay_transaction_id, is_ours, number)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing""",
        guid,
        order_id,
        parcel,
        message_type,
        body,
        created_at,
        keep_until,
        *astuple(keys),
        is_ours,
        number,
    )


async def stated_numbers(db: DB, order_id: UUID, parcel: int) -> BusinessKeys:
    """The order's number and the declaration's in the messages about this parcel that are written already."""
    [row] = await db.fetch(
        "select min(order_no) as order_no, min(cop_no) as cop_no from messages where order_id = $1 and parcel = $2",
        order_id,
        parcel,
    )
    return BusinessKeys(order_no=row["order_no"], cop_no=row["cop_no"])


async def inventory_number(db: DB, order_id: UUID, parcel: int) -> str | None:
    """Under which customs has the parcel's inventory (invtNo); None while it has only a preliminary number."""
    number: str | None = await db.fetchval(
        """select number from messages where order_id = $1 and parcel = $2 and type = 'CEB621'
           and number ~ '^[0-9]{8}I[0-9]{9}$'""",
        order_id,
        parcel,
    )
    return number


async def save_answer(db: DB, guid: UUID, status: str, number: str | None, answered_at: datetime) -> None:
    await db.execute(
        "update messages set status = $2, number = coalesce($3, number), answered_at = $4 where guid = $1",
        guid,
        status,
        number,
        answered_at,
    )


async def save_verdicts(db: DB, messages: Sequence[tuple[UUID, str]], answered_at: datetime) -> None:
    """Marks messages (guid, status) that a polled receipt rejects, which are to be written again, or approves."""
    if messages:
        await db.execute(
            """update messages set status = r.status, answered_at = $3
               from unnest($1::uuid[], $2::text[]) as r (guid, status) where messages.guid = r.guid""",
            [guid for guid, _ in messages],
            [status for _, status in messages],
            answered_at,
        )


async def save_numbers(db: DB, numbers: Mapping[UUID, str]) -> None:
    """The numbers that customs has given what these messages (by guid) declare."""
    if numbers:
        await db.execute(
            """update messages set number = n.number
               from unnest($1::uuid[], $2::text[]) as n (guid, number)
               where messages.guid = n.guid and messages.number is distinct from n.number""",
            list(numbers),
            list(numbers.values()),
        )


async def drop(db: DB, guids: Collection[UUID]) -> None:
    await db.execute("delete from messages where guid = any($1)", list(guids))


async def of_order(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """What was written of an order, without the bodies."""
    return await db.fetch(
        """select parcel, type, guid, is_ours, status, number, created_at, answered_at from messages
           where order_id = $1 order by parcel, type""",
        order_id,
    )


async def drop_payments(db: DB, order_ids: Sequence[UUID]) -> None:
    """On erasure: the payment's number, which its firm knows the person by."""
    await db.execute("update messages set pay_transaction_id = null where order_id = any($1)", list(order_ids))


async def lock_inventory(db: DB, order_id: UUID, parcel: int) -> None:
    """Until the transaction ends: the agent's notice and the writing of the inventory go one after the other."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"inventory:{order_id}:{parcel}")


async def drop_expired(db: DB, now: datetime) -> None:
    """Drops those whose period has ended (business time)."""
    await db.execute("delete from messages where keep_until < $1", now)
