"""Receipts of China's single window, given at once or polled later, and what their status means. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.customs import ImportCleared, ImportHeld, ImportRefused
from contracts.vocabularies import HOLD_REASONS, HoldReason

STATUS = re.compile(r"-?[0-9]{1,6}")
_HELD = re.compile(r"5[0-9]{2}")

HoldAnswerResult = Literal["taken", "not_held", "unknown"]
"""What became of the answer to a hold."""
Meaning = Literal["under_way", "held", "cleared", "refused", "error", "not_sent", "closed", "unknown"]
UNDER_WAY = frozenset({"1", "2", "3", "120", "300", "399"})
"""Stored, declaring, sent to customs, in customs, in manual review (300), reviewed: we have nothing to do. A review
asks us for nothing; what it may ask for comes as a hold (500 to 599)."""
CLEARED, REJECTED, SENT_BACK, NOT_SENT, CLOSED = "800", "100", "700", "4", "899"
RETURN_APPROVED = "399"
"""The end of a return: its receipt (CEB626) knows no 800 (CEB specification of 2022-05)."""
FAILED: frozenset[Meaning] = frozenset({"refused", "error", "not_sent"})
"""What a document or a return must be looked into for."""


@dataclass(frozen=True, slots=True)
class CustomsReceipt:
    """The answer to one message, given at once. `status` is a returnStatus; `format_error` a CEB900."""

    guid: UUID | None
    status: str
    number: str | None
    """The declaration's number with customs (invtNo, else preNo), once it has one."""
    format_error: bool = False

    @property
    def accepted(self) -> bool:
        return not self.format_error and is_accepted(self.status)

    @property
    def reason(self) -> str:
        """The status as part of a case's reason code."""
        return "format" if self.format_error else _status_code(self.status)


@dataclass(frozen=True, slots=True)
class PolledReceipt:
    """A receipt that came on its own, with the cursor after which the next one follows."""

    cursor: str
    guid: UUID | None
    cop_no: str
    message_type: str
    status: str
    returned_at: datetime | None
    info: str
    """The office's own text: kept sealed, never repeated."""


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Receipts in the order of their cursors, and where to read on."""

    receipts: tuple[PolledReceipt, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A CEB message of ours: of which parcel, and which."""

    order_id: UUID
    parcel: int
    type: str
    written_at: datetime | None
    """Business time; None of a message that is not restored yet."""


def meaning(status: str, *, of_return: bool = False) -> Meaning:
    """What a returnStatus means, of a return or of any other message. A negative one is an error of the message, and
    no verdict on the parcel."""
    if of_return and status == RETURN_APPROVED:
        return "cleared"
    if status in UNDER_WAY:
        return "under_way"
    if _HELD.fullmatch(status):
        return "held"
    if status == CLEARED:
        return "cleared"
    if status in (REJECTED, SENT_BACK):
        return "refused"
    if status.startswith("-") and STATUS.fullmatch(status):
        return "error"
    if status == NOT_SENT:
        return "not_sent"
    return "closed" if status == CLOSED else "unknown"


def is_accepted(status: str | None) -> bool:
    """Whether a message that was answered so needs not be sent again; None: it was not answered."""
    return status is not None and meaning(status) in ("under_way", "cleared", "held")


def inventory_event(
    order_id: UUID, parcel: int, status: str, held_at: datetime, now: datetime, hold_reasons: Mapping[str, str]
) -> ImportHeld | ImportCleared | ImportRefused | None:
    """The event that follows from a status of the inventory, or None. `held_at` is customs' own instant."""
    match meaning(status):
        case "cleared":
            return ImportCleared(order_id=order_id, occurred_at=now, parcel=parcel)
        case "refused":
            return ImportRefused(order_id=order_id, occurred_at=now, parcel=parcel, reason=refusal(status))
        case "held":
            return ImportHeld(
                order_id=order_id,
                occurred_at=now,
                parcel=parcel,
                reason=_hold_reason(hold_reasons.get(status, "")),
                status=status,
                held_at=held_at,
            )
    return None


def refusal(status: str) -> str:
    """The reason code of a refusal: sent back by customs, or the declaration rejected."""
    return f"{'sent_back' if status == SENT_BACK else 'rejected'}:{status}"


def case_reason(message_type: str, status: str) -> str:
    """The reason code of a case about a message: what answered, and how."""
    return f"{message_type or 'receipt'}:{_status_code(status)}"


def _status_code(status: str) -> str:
    return status.replace("-", "minus")


def _hold_reason(named: str) -> HoldReason:
    return named if named in HOLD_REASONS else "inspection"
