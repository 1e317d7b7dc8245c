"""Which CEB messages each kind of job sends, and which of them are written again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from services.customs.destinations.cn.ceb import DOCUMENTS, MessageType, guid
from services.customs.destinations.cn.receipt_statuses import is_accepted
from services.customs.destinations.cn.receipts import SentMessage
from services.customs.domain import decide

SENT_BY: Mapping[str, tuple[MessageType, ...]] = {
    decide.DOCUMENTS: DOCUMENTS,
    decide.INVENTORY: (*DOCUMENTS, "CEB621"),
    decide.RETURN: ("CEB625",),
}
"""The messages of each kind of job."""


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """A stored message and the status of its last receipt, None while it is unanswered."""

    guid: UUID
    parcel: int
    type: str
    status: str | None


def rejected(messages: Iterable[MessageStatus], kind: str, parcel: int) -> list[UUID]:
    """The messages of this job that were answered and not accepted: they are written again."""
    return [
        message.guid
        for message in messages
        if message.parcel == parcel
        and message.type in SENT_BY.get(kind, ())
        and message.status is not None
        and not is_accepted(message.status)
    ]


def derived_messages(parcels: Iterable[tuple[UUID, int]]) -> dict[UUID, SentMessage]:
    """Every message that may have been sent of these parcels, by the guid that is derived for it."""
    return {
        (named := guid(order_id, parcel, message)): SentMessage(named, order_id, parcel, message, None)
        for order_id, parcel in parcels
        for message in get_args(MessageType)
    }
