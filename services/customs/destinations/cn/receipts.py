"""Receipts of China's single window, given at once or polled later, and what their status means. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.customs import ImportCleared, ImportHeld, ImportRefused
from contracts.vocabularies import HOLD_REASONS, HoldReason
from services.customs.destinations.cn.receipt_statuses import is_accepted, meaning, status_code

HoldAnswerResult = Literal["taken", "not_held", "unknown"]
"""What became of the answer to a hold."""
SENT_BACK = "700"
_INVENTORY_NUMBER = re.compile(r"[0-9]{8}I[0-9]{9}")
"""invtNo: the office's code, the year, I and a serial number."""
_PRELIMINARY_NUMBER = re.compile(r"B[0-9]{17}")
"""preNo: B, the day and a serial number."""


def is_inventory_number(number: str | None) -> bool:
    """Whether it is customs' own, and not e-port's preliminary one."""
    return number is not None and _INVENTORY_NUMBER.fullmatch(number) is not None


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """The numbers by which a receipt names what it answers; empty where it does not name one.

    The guid of a receipt is made by e-port and says nothing of the message that it answers (CEB specification of
    2022-05); only that of a format error (CEB900) is the message's own.
    """

    guid: UUID | None = None
    cop_no: str = ""
    pre_no: str = ""
    invt_no: str = ""
    ebp_code: str = ""
    order_no: str = ""
    logistics_code: str = ""
    logistics_no: str = ""
    pay_code: str = ""
    pay_transaction_id: str = ""

    @property
    def number(self) -> str | None:
        """The declaration's number with customs, of one of customs' forms: it is published."""
        given = ((_INVENTORY_NUMBER, self.invt_no), (_PRELIMINARY_NUMBER, self.pre_no))
        return next((number for form, number in given if form.fullmatch(number)), None)

    def better_number(self, known: str | None) -> str | None:
        """The receipt's number, where none is known yet, or only e-port's preliminary one; else None."""
        preliminary = known is None or _PRELIMINARY_NUMBER.fullmatch(known)
        return self.number if preliminary and self.number != known else None

    def contradicts(self, number: str | None) -> bool:
        """Whether the receipt names another declaration than the one with this number."""
        for form, named in ((_INVENTORY_NUMBER, self.invt_no), (_PRELIMINARY_NUMBER, self.pre_no)):
            if number is not None and form.fullmatch(number) and form.fullmatch(named):
                return named != number
        return False


@dataclass(frozen=True, slots=True)
class CustomsReceipt:
    """The answer to one message, given at once. `status` is a returnStatus; `format_error` a CEB900."""

    status: str
    number: str | None
    """The declaration's number with customs (invtNo, else preNo), once it has one."""
    format_error: bool = False
    message_type: str = ""
    """Its own, as `CEB622`."""
    returned_at: datetime | None = None
    info: str = ""
    """The office's own text: kept sealed where the message is refused or held, never repeated."""

    @property
    def accepted(self) -> bool:
        return not self.format_error and is_accepted(self.status)

    @property
    def reason(self) -> str:
        """The status as part of a case's reason code."""
        return "format" if self.format_error else status_code(self.status)


@dataclass(frozen=True, slots=True)
class PolledReceipt:
    """One answer of a message of receipts that came on its own; such a message holds up to a hundred."""

    cursor: str
    """Of its message; the next message follows behind it."""
    place: int
    """Within its message, from 0."""
    last: bool
    """Of its message."""
    keys: ReceiptKeys
    message_type: str
    status: str
    returned_at: datetime | None
    info: str
    """The office's own text: kept sealed, never repeated."""

    @property
    def key(self) -> str:
        """What it is stored by. A cursor holds no space."""
        return self.cursor if self.place == 0 else f"{self.cursor} {self.place}"


@dataclass(frozen=True, slots=True)
class UnreadableReceipt:
    """A message of receipts, or one answer in it, that cannot be read: it is set aside, and reading goes on."""

    cursor: str | None
    """None: it has no cursor to continue from."""
    last: bool
    reason: str
    """Which bound or rule it breaks, as a token."""
    body: bytes
    """Its beginning."""
    size: int
    """Bytes of it that came."""
    keys: tuple[ReceiptKeys, ...]
    """The numbers that were recognised in it, for each answer."""

    @classmethod
    def unassigned(cls, receipt: PolledReceipt, doubt: str) -> UnreadableReceipt:
        """A receipt that was read and stored, and whose message is not certain; `doubt` says why."""
        return cls(receipt.cursor, receipt.last, doubt, b"", 0, (receipt.keys,))


@dataclass(frozen=True, slots=True)
class Taxes:
    """CNY."""

    customs: Decimal
    value_added: Decimal
    consumption: Decimal

    @property
    def total(self) -> Decimal:
        return self.customs + self.value_added + self.consumption


@dataclass(frozen=True, slots=True)
class BilledArticle:
    """The taxes of one article, by its number (gnum) in the inventory."""

    number: int
    tariff_code: str
    taxable: Decimal
    """What it is taxed on, CNY."""
    taxes: Taxes


@dataclass(frozen=True, slots=True)
class TaxBill:
    """One tax bill in a message. In a message that states only the bill's status (CEB818) `taxes` is None."""

    cursor: str
    last: bool
    """Of its message."""
    message_type: str
    keys: ReceiptKeys
    """With the declaration's number with customs."""
    tax_no: str
    status: str
    """1 made, 2 summed up with others for payment, 3 void."""
    returned_at: datetime | None
    taxes: Taxes | None = None
    articles: tuple[BilledArticle, ...] = ()


PageEntry = PolledReceipt | TaxBill | UnreadableReceipt


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """What was polled, in the order of the cursors, and where to read on."""

    entries: tuple[PageEntry, ...]
    next: str | None
    full: bool = False
    """As many messages as were asked for: more may follow."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A CEB message of ours: of which parcel, and which."""

    guid: UUID
    order_id: UUID
    parcel: int
    type: str
    written_at: datetime | None
    """Business time; None of a message that is not restored yet."""
    number: str | None = None
    """The declaration's number with customs, once it is known."""
    version: int = 1
    """One more each time it was written again; 1, whatever it was, of a message that is not restored yet."""


def inventory_event(
    order_id: UUID,
    parcel: int,
    status: str,
    decided_at: datetime,
    now: datetime,
    hold_reasons: Mapping[str, str],
    *,
    stated: bool = True,
    version: int = 1,
) -> ImportHeld | ImportCleared | ImportRefused | None:
    """The event that follows from a status of the inventory, or None. `decided_at`: by customs' own statement if
    `stated`, else by our clock. `version`: the inventory's."""
    match meaning(status):
        case "cleared":
            released_at = decided_at if stated else None
            return ImportCleared(order_id=order_id, occurred_at=now, parcel=parcel, released_at=released_at)
        case "refused":
            return ImportRefused(
                order_id=order_id, occurred_at=now, parcel=parcel, reason=refusal(status), version=version
            )
        case "held":
            return ImportHeld(
                order_id=order_id,
                occurred_at=now,
                parcel=parcel,
                reason=_hold_reason(hold_reasons.get(status, "")),
                status=status,
                held_at=decided_at,
            )
    return None


def refusal(status: str) -> str:
    """The reason code of a refusal: sent back by customs, or the declaration rejected."""
    return f"{'sent_back' if status == SENT_BACK else 'rejected'}:{status}"


def _hold_reason(named: str) -> HoldReason:
    return named if named in HOLD_REASONS else "inspection"
