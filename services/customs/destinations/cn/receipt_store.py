"""Receipts of the single window, and how far they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from services.customs.destinations.cn.receipts import CustomsReceipt, PolledReceipt, SentMessage
from shared.db import DB
from shared.sealing import SealedColumn

MOST_TEXTS = 100
"""Of a parcel, shown together; each has up to two thousand characters."""


def sealing_place(cursor: str) -> str:
    """The place to which the text of a receipt is sealed."""
    return f"receipt:{cursor}"


SEALED = SealedColumn("STORAGE_KEY", "receipts", "info", key=("cursor",), place=sealing_place, placed_by=("cursor",))


async def read_cursor(db: DB, source: str) -> str | None:
    """How far the receipts of this source were read; None before the first."""
    cursor: str | None = await db.fetchval("select cursor from receipt_cursor where source = $1", source)
    return cursor


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


async def add(db: DB, receipts: Sequence[tuple[PolledReceipt, bytes]], answered: Mapping[str, SentMessage]) -> set[str]:
    """Stores receipts with their sealed text; returns the keys of the new ones. `answered`: our messages, by the keys
    of the receipts.

    A repetition under another cursor is recognised by its content: message, status and time. A receipt without a
    readable time, or of no message of ours, is recognised by its key alone.
    """
    messages = [answered.get(receipt.key) for receipt, _ in receipts]
    rows = await db.fetch(
        """insert into receipts (cursor, guid, order_id, parcel, message_type, status, returned_at, info, answered)
           select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[],
                                $7::timestamptz[], $8::bytea[], $9::text[])
           on conflict do nothing returning cursor""",
        [receipt.key for receipt, _ in receipts],
        [receipt.keys.guid for receipt, _ in receipts],
        [sent and sent.order_id for sent in messages],
        [sent and sent.parcel for sent in messages],
        [receipt.message_type for receipt, _ in receipts],
        [receipt.status for receipt, _ in receipts],
        [receipt.returned_at for receipt, _ in receipts],
        [info for _, info in receipts],
        [sent and sent.type for sent in messages],
    )
    return {row["cursor"] for row in rows}


def answer_key(guid: UUID, receipt: CustomsReceipt) -> str:
    """The key of an answer that was given at once, and so has no cursor, to the message with this guid."""
    return f"answer {guid} {receipt.status}"


def is_at_once(key: str) -> bool:
    """Whether this is the key of an answer that was given at once. A cursor holds no space, so that the key of a polled
    receipt has one at the most."""
    return key.startswith("answer ") and key.count(" ") == 2


async def add_answer(db: DB, guid: UUID, order_id: UUID, parcel: int, receipt: CustomsReceipt, info: bytes) -> None:
    """Stores a refusal or a hold that was given at once, with its sealed text. It is not recognised by its content: the
    same receipt, when it is polled later, is new."""
    await db.execute(
        """insert into receipts (cursor, order_id, parcel, message_type, status, returned_at, info)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing""",
        answer_key(guid, receipt),
        order_id,
        parcel,
        receipt.message_type,
        receipt.status,
        receipt.returned_at,
        info,
    )


async def texts(db: DB, order_id: UUID, parcel: int) -> list[asyncpg.Record]:
    """The receipts of a parcel with the office's own text (sealed; empty where none is kept), the latest first, a
    hundred at the most."""
    return await db.fetch(
        """select cursor, message_type, status, returned_at, recorded_at, info from receipts
           where order_id = $1 and parcel = $2
           order by coalesce(returned_at, recorded_at) desc, recorded_at desc limit $3""",
        order_id,
        parcel,
        MOST_TEXTS,
    )


async def of_order(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """Every receipt of an order, also those with a status that we do not know, without the office's text."""
    return await db.fetch(
        """select parcel, message_type, status, returned_at, recorded_at from receipts
           where order_id = $1 order by parcel, returned_at, recorded_at""",
        order_id,
    )


async def drop_texts(db: DB, order_ids: Sequence[UUID]) -> None:
    """On erasure: the office's own text, which may name the person."""
    await db.execute("update receipts set info = '' where order_id = any($1)", list(order_ids))
