"""What China's single window answers: receipts, at once or later, and what their status means. Pure."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.customs import ImportCleared, ImportHeld, ImportRefused
from contracts.vocabularies import HOLD_REASONS, HoldReason
from services.customs.domain.export import Unreadable
from shared.http.json_reader import read_told
from shared.text import storable

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
DEEPEST = 16
"""Levels of a receipt's elements; e-port's have three."""
MOST_RECEIPTS = 1_000
"""Of one page; fewer are asked for."""
BEIJING = ZoneInfo("Asia/Shanghai")
_STATUS = re.compile(r"-?[0-9]{1,6}")
_HELD = re.compile(r"5[0-9]{2}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_CURSOR = re.compile(r"[!-~]{1,200}")

Answered = Literal["taken", "not_held", "unknown"]
"""What became of the answer to a hold."""
Meaning = Literal["under_way", "held", "cleared", "refused", "error", "not_sent", "closed", "unknown"]
UNDER_WAY = frozenset({"1", "2", "3", "120", "300", "399"})
"""Stored, declaring, sent to customs, in customs, in manual review (300), reviewed: nobody of ours has to act. A review
asks us for nothing; what it may ask for comes as a hold (500 to 599)."""
CLEARED, REJECTED, SENT_BACK, NOT_SENT, CLOSED = "800", "100", "700", "4", "899"
FAILED: frozenset[Meaning] = frozenset({"refused", "error", "not_sent"})
"""What a document or a return must be looked into for."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one message, given at once. `status` is a returnStatus; `format_error` a CEB900."""

    guid: UUID | None
    status: str
    number: str | None
    """The declaration's number with customs (invtNo, else preNo), once it has one."""
    format_error: bool = False

    @property
    def accepted(self) -> bool:
        return not self.format_error and meaning(self.status) in ("under_way", "cleared", "held")


@dataclass(frozen=True, slots=True)
class LaterReceipt:
    """A receipt that came on its own, with the cursor after which the next one follows."""

    cursor: str
    guid: UUID | None
    cop_no: str
    message_type: str
    status: str
    returned_at: datetime | None
    info: str
    """The office's own words: kept sealed, never repeated."""


@dataclass(frozen=True, slots=True)
class Page:
    receipts: tuple[LaterReceipt, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """Whose message it is, and which."""

    order_id: UUID
    parcel: int
    type: str
    written_at: datetime | None
    """Business time; None of a message that a restored database has forgotten."""


def meaning(status: str) -> Meaning:
    """What a returnStatus means. A negative one is an error of the message, and no verdict on the parcel."""
    if status in UNDER_WAY:
        return "under_way"
    if _HELD.fullmatch(status):
        return "held"
    if status == CLEARED:
        return "cleared"
    if status in (REJECTED, SENT_BACK):
        return "refused"
    if status.startswith("-") and _STATUS.fullmatch(status):
        return "error"
    if status == NOT_SENT:
        return "not_sent"
    return "closed" if status == CLOSED else "unknown"


def fact(
    order_id: UUID, parcel: int, status: str, at: datetime, now: datetime, hold_reasons: Mapping[str, str]
) -> ImportHeld | ImportCleared | ImportRefused | None:
    """What a status says of the inventory; None when it says nothing new. `at` is customs' own instant."""
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
                held_at=at,
            )
    return None


def refusal(status: str) -> str:
    """The reason code of a refusal: sent back by customs, or the declaration rejected."""
    return f"{'sent_back' if status == SENT_BACK else 'rejected'}:{status}"


def trouble(message_type: str, status: str) -> str:
    """The reason code of a case about a message: what answered, and how."""
    return f"{message_type or 'receipt'}:{status.replace('-', 'minus')}"


def _hold_reason(named: str) -> HoldReason:
    return named if named in HOLD_REASONS else "inspection"


def read_receipt(body: bytes) -> Receipt:
    """A receipt in XML. Unreadable: not UTF-8, a DTD, not XML, nested too deep, or without a status.

    Of several returns in one envelope the one that customs gave last counts, in whatever order they stand.
    """
    root = _parse(body)
    name = _name(root)
    returns = [_fields(element) for element in root.iter() if any(_name(part) == "returnStatus" for part in element)]
    found = _fields(root) | max(returns, key=_given, default={})
    status = found.get("returnStatus", "")
    if not _STATUS.fullmatch(status):
        raise Unreadable("no returnStatus")
    number = found.get("invtNo") or found.get("preNo") or ""
    return Receipt(
        guid=_guid(found.get("guid") or root.get("guid") or ""),
        status=status,
        number=number if _CODE.fullmatch(number) else None,
        format_error=name.startswith("CEB900"),
    )


def _fields(element: ET.Element) -> dict[str, str]:
    return {_name(part): (part.text or "").strip() for part in element.iter()}


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _given(fields: Mapping[str, str]) -> tuple[datetime, list[tuple[str, str]]]:
    """When customs gave it; of two at once, the content decides."""
    return _instant(fields.get("returnTime", "")) or _LONG_AGO, sorted(fields.items())


def _parse(body: bytes) -> ET.Element:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    if "<!" in text.replace("<![CDATA[", "").replace("<!--", ""):
        raise Unreadable("a DTD is not accepted")
    root: ET.Element | None = None
    depth = 0
    try:
        # Entities need a DTD, which was refused above.
        for what, element in ET.iterparse(io.StringIO(text), ("start", "end")):  # noqa: S314
            root = element if root is None else root
            depth += 1 if what == "start" else -1
            if depth > DEEPEST:
                raise Unreadable("nested too deep")
    except ET.ParseError:
        raise Unreadable("not XML") from None
    if root is None:
        raise Unreadable("not XML")
    return root


def read_page(body: bytes) -> Page:
    """A page of later receipts. Unreadable when the page or a cursor is; a strange receipt is kept as it can be."""
    try:
        page = read_told(body)
        if len(page["receipts"]) > MOST_RECEIPTS:
            raise ValueError("more receipts than a page may hold")
        receipts = tuple(_later(receipt) for receipt in page["receipts"])
        following = page.get("next")
        return Page(receipts, None if following is None else _cursor(following))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable("not a page of receipts") from None


def read_answered(status: int, body: bytes) -> Answered:
    """What became of the answer to a hold. Unreadable when the status and the body do not say so together: a page of
    HTML with 200 has taken nothing."""
    try:
        reply = read_told(body)
    except ValueError:
        raise Unreadable("not JSON") from None
    match status, reply:
        case 200 | 201 | 202, {"status": "accepted" | "already_answered"}:
            return "taken"
        case 409, {"status": "not_held"}:
            return "not_held"
        case 404, {"status": "unknown"}:
            return "unknown"
    raise Unreadable("none of the single window's answers")


def _later(receipt: Mapping[str, Any]) -> LaterReceipt:
    status = _text(receipt, "returnStatus")
    return LaterReceipt(
        cursor=_cursor(receipt["cursor"]),
        guid=_guid(_text(receipt, "guid")),
        cop_no=_text(receipt, "copNo")[:100],
        message_type=_token(_text(receipt, "messageType")),
        status=status if _STATUS.fullmatch(status) else "unreadable",
        returned_at=_instant(_text(receipt, "returnTime")),
        info=_text(receipt, "returnInfo")[:2000],
    )


def _text(receipt: Mapping[str, Any], name: str) -> str:
    """As a receipt in XML is read: what stands around the text says nothing."""
    return storable(str(receipt.get(name, ""))).strip()


def _cursor(value: object) -> str:
    """What we read on from, and keep a receipt by: never cut or replaced, so that two never become one."""
    if not isinstance(value, str | int) or not _CURSOR.fullmatch(str(value)):
        raise ValueError("no cursor")
    return str(value)


def _token(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9]{1,20}", text) else "unreadable"


def _guid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    """ISO 8601, or yyyyMMddHHmmss with or without milliseconds in Beijing's time."""
    if text.isdigit() and len(text) in (14, 17):
        text = f"{text[:8]}T{text[8:14]}"
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
