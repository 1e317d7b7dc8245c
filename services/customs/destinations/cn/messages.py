"""Which CEB messages each kind of job sends, and which of them are written again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.customs.destinations.cn.ceb import DOCUMENTS, MESSAGE_TYPES, MessageType, guid
from services.customs.destinations.cn.receipt_statuses import ERRORS, is_accepted, meaning
from services.customs.destinations.cn.receipts import SentMessage, is_inventory_number
from services.customs.domain import decide
from services.customs.domain.cases import CANCELLATION

SENT_BY: Mapping[str, tuple[MessageType, ...]] = {
    decide.DOCUMENTS: DOCUMENTS,
    decide.INVENTORY: (*DOCUMENTS, "CEB621"),
    CANCELLATION: ("CEB623",),
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
    number: str | None = None
    """The declaration's number with customs."""


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message that is written again."""

    guid: UUID
    parcel: int
    type: str
    number: str | None
    taken_in: bool
    """Customs has stored it all the same: the next version is a change of it, under its number."""


@dataclass(frozen=True, slots=True)
class NextVersion:
    """How the next version of a message is written."""

    version: int = 1
    changes: bool = False
    """Whether it changes what customs has stored; else it is new (appType)."""
    number: str | None = None


def taken_in(status: str, number: str | None) -> bool:
    """Whether customs has stored what it rejects: its row in the table of errors says so, or customs has numbered the
    declaration. After a refusal a new declaration is sent."""
    error = ERRORS.get(status)
    return meaning(status) == "error" and ((error is not None and error.taken_in) or is_inventory_number(number))


def rejected(messages: Iterable[MessageStatus], kind: str, parcel: int) -> list[RejectedMessage]:
    """The messages of this job that were answered and not accepted: they are written again."""
    return [
        RejectedMessage(
            message.guid, message.parcel, message.type, message.number, taken_in(message.status, message.number)
        )
        for message in messages
        if message.parcel == parcel
        and message.type in SENT_BY.get(kind, ())
        and message.status is not None
        and not is_accepted(message.status)
    ]


def derived_messages(parcels: Iterable[tuple[UUID, int]]) -> dict[UUID, SentMessage]:
    """Every message that may have been sent about these parcels, by its derived guid."""
    return {
        (named := guid(order_id, parcel, message)): SentMessage(named, order_id, parcel, message, None)
        for order_id, parcel in parcels
        for message in MESSAGE_TYPES
    }
