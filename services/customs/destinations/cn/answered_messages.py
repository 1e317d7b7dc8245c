"""Finds our messages by the business numbers in receipts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import asyncpg

from services.customs.destinations.cn.messages import derived_messages
from services.customs.destinations.cn.receipt_matching import ANSWERS, KeyName, MessageKey, message_key
from services.customs.destinations.cn.receipts import ReceiptKeys, SentMessage
from services.customs.store import parcels
from shared.db import DB

_COLUMNS: Mapping[KeyName, tuple[str, str]] = {
    "cop_no": ("cop_no", "''"),
    "order": ("order_no", "ebp_code"),
    "waybill": ("logistics_no", "logistics_code"),
    "payment": ("pay_transaction_id", "pay_code"),
    "guid": ("guid", "''"),
    "number": ("messages.number", "''"),
}
"""The columns of the number and of the registered code of the firm whose number it is, which is null in rows of an
earlier release."""


async def by_keys(db: DB, keys: Collection[MessageKey]) -> dict[MessageKey, list[SentMessage]]:
    """The messages with these keys. Two marketplaces may use one number, so that a key may have several messages.

    Messages that are not restored yet are derived from the parcels that are declared under their number.
    """
    messages: defaultdict[MessageKey, list[SentMessage]] = defaultdict(list)
    for name, (number, registered) in _COLUMNS.items():
        keys_of_name = [key for key in keys if key.name == name]
        if not keys_of_name:
            continue
        rows = await db.fetch(
            f"""select guid, order_id, parcel, type, created_at, messages.number as declared,
                       key.of, key.number, key.registered, coalesce(versions.version, 1) as version
                from messages join unnest($1::text[], $2::{"uuid" if name == "guid" else "text"}[], $3::text[])
                  as key (of, number, registered)
                  on {number} = key.number and key.of in ('', messages.type)
                 and coalesce({registered}, key.registered) = key.registered
                left join message_versions as versions using (order_id, parcel, type)
                order by guid""",
            [key.type for key in keys_of_name],
            [key.number for key in keys_of_name],
            [key.registered for key in keys_of_name],
        )
        for row in rows:
            messages[MessageKey(row["of"], name, str(row["number"]), row["registered"])].append(_sent(row))
    return dict(messages) | await _derived(db, [key for key in keys if key not in messages])


async def _derived(db: DB, keys: Sequence[MessageKey]) -> dict[MessageKey, list[SentMessage]]:
    by_number = [key for key in keys if key.name in ("cop_no", "order")]
    if not by_number:
        return {}
    declared: defaultdict[tuple[str, str], list[SentMessage]] = defaultdict(list)
    for row in await parcels.declared_as(db, {key.number for key in by_number}):
        messages = derived_messages([(row["order_id"], row["parcel"])]).values()
        declared["cop_no", row["cop_no"] or row["sub_order"]] += messages
        for number in (row["sub_order"], row["order_number"]):
            declared["order", number] += messages
    return {
        key: _of_type(declared[key.name, key.number], key.type)
        for key in by_number
        if (key.name, key.number) in declared
    }


async def parcels_named(db: DB, named: Iterable[ReceiptKeys]) -> list[SentMessage]:
    """One message of ours of each parcel that has any of these numbers."""
    keys = {key for numbers in named for kind in ANSWERS if (key := message_key(kind, numbers)) is not None}
    candidates = (sent for messages in (await by_keys(db, keys)).values() for sent in messages)
    return list({(sent.order_id, sent.parcel): sent for sent in candidates}.values())


def _of_type(messages: Iterable[SentMessage], kind: str) -> list[SentMessage]:
    return [message for message in messages if message.type == kind]


def _sent(row: asyncpg.Record) -> SentMessage:
    return SentMessage(
        row["guid"],
        row["order_id"],
        row["parcel"],
        row["type"],
        row["created_at"],
        row["declared"],
        row["version"],
    )
