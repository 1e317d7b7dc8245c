"""The bodies of the single window's answers, read within bounds. Pure."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.customs.destinations.cn.receipts import (
    STATUS,
    CustomsReceipt,
    HoldAnswerResult,
    PolledReceipt,
    ReceiptPage,
)
from services.customs.domain.export import Unreadable
from shared.http.json_reader import read_told
from shared.text import storable

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
DEEPEST = 16
"""Levels of a receipt's elements; e-port's have three."""
MOST_RECEIPTS = 1_000
"""Of one page; fewer are asked for."""
BEIJING = ZoneInfo("Asia/Shanghai")
_INVENTORY_NUMBER = re.compile(r"[0-9]{8}I[0-9]{9}")
"""invtNo: the office's code, the year, I and a serial number."""
_PRELIMINARY_NUMBER = re.compile(r"B[0-9]{17}")
"""preNo: B, the day and a serial number."""
_MESSAGE_TYPE = re.compile(r"(CEB[0-9]{3})(?:Message)?")
_CURSOR = re.compile(r"[!-~]{1,200}")


def read_receipt(body: bytes) -> CustomsReceipt:
    """A receipt in XML. Unreadable: not UTF-8, a DTD, not XML, nested too deep, or without a status.

    Of several returns in one envelope the one that customs gave last counts, in whatever order they stand.
    """
    root = _parse(body)
    name = _name(root)
    returns = [_fields(element) for element in root.iter() if any(_name(part) == "returnStatus" for part in element)]
    fields = _fields(root) | max(returns, key=_given, default={})
    status = fields.get("returnStatus", "")
    if not STATUS.fullmatch(status):
        raise Unreadable("no returnStatus")
    return CustomsReceipt(
        guid=_guid(fields.get("guid") or root.get("guid") or ""),
        status=status,
        number=_number(fields),
        format_error=name.startswith("CEB900"),
    )


def _number(fields: Mapping[str, str]) -> str | None:
    """The declaration's number, of one of customs' forms: it is published."""
    given = ((_INVENTORY_NUMBER, fields.get("invtNo", "")), (_PRELIMINARY_NUMBER, fields.get("preNo", "")))
    return next((number for form, number in given if form.fullmatch(number)), None)


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
    depth = 1
    try:
        # Entities need a DTD, which was refused above.
        elements = ET.iterparse(io.StringIO(text), ("start", "end"))  # noqa: S314
        root: ET.Element = next(elements)[1]
        for what, _ in elements:
            depth += 1 if what == "start" else -1
            if depth > DEEPEST:
                raise Unreadable("nested too deep")
    except ET.ParseError:
        raise Unreadable("not XML") from None
    return root


def read_page(body: bytes) -> ReceiptPage:
    """A page of receipts. Unreadable when the page or a cursor is; a strange receipt is kept as it can be."""
    try:
        page = read_told(body)
        if len(page["receipts"]) > MOST_RECEIPTS:
            raise ValueError("more receipts than a page may hold")
        receipts = tuple(_polled(receipt) for receipt in page["receipts"])
        following = page.get("next")
        return ReceiptPage(receipts, None if following is None else _cursor(following))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable("not a page of receipts") from None


def read_hold_answer_result(status: int, body: bytes) -> HoldAnswerResult:
    """What became of the answer to a hold. Unreadable when the status and the body do not agree: a page of
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


def _polled(receipt: Mapping[str, Any]) -> PolledReceipt:
    status = _text(receipt, "returnStatus")
    return PolledReceipt(
        cursor=_cursor(receipt["cursor"]),
        guid=_guid(_text(receipt, "guid")),
        cop_no=_text(receipt, "copNo")[:100],
        message_type=_token(_text(receipt, "messageType")),
        status=status if STATUS.fullmatch(status) else "unreadable",
        returned_at=_instant(_text(receipt, "returnTime")),
        info=_text(receipt, "returnInfo")[:2000],
    )


def _text(receipt: Mapping[str, Any], name: str) -> str:
    """As a receipt in XML is read: space around the text has no meaning."""
    return storable(str(receipt.get(name, ""))).strip()


def _cursor(value: object) -> str:
    """What we read on from, and keep a receipt by: never cut or replaced, so that two never become one."""
    if not isinstance(value, str | int) or not _CURSOR.fullmatch(str(value)):
        raise ValueError("no cursor")
    return str(value)


def _token(text: str) -> str:
    form = _MESSAGE_TYPE.fullmatch(text)
    return form[1] if form else "unreadable"


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
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
