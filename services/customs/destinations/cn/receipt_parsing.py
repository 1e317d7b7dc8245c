"""Reads the single window's HTTP answers within bounds; an unreadable receipt is an entry of its own. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.customs.destinations.cn.ceb import BEIJING
from services.customs.destinations.cn.receipt_statuses import STATUS
from services.customs.destinations.cn.receipt_xml import (
    NotReceipts,
    answers_in,
    keys_in,
    local_name,
    message_type,
    parse,
    read_message,
    receipt_keys,
)
from services.customs.destinations.cn.receipts import (
    CustomsReceipt,
    HoldAnswerResult,
    PageEntry,
    PolledReceipt,
    ReceiptPage,
    TaxBill,
    UnreadableReceipt,
)
from services.customs.destinations.cn.tax_bills import BILL, BILL_STATUS, read_bills
from services.customs.domain.export import Unreadable
from shared.http.json_reader import read_leniently
from shared.text import storable

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
MOST_RECEIPTS = 1_000
"""Most messages of one page; we request fewer."""
KEPT_BYTES = 64 * 1024
"""Kept of a receipt that cannot be read."""
LONGEST_TEXT = 2_000
"""Characters of the office's text that are kept; e-port has a thousand, of a format error five."""
FORMAT_ERROR = "CEB900"
_CURSOR = re.compile(r"[!-~]{1,200}")
_CURSOR_IN_BYTES = re.compile(rb'"cursor"\s*:\s*(?:"([!#-\[\]-~]{1,200})"|([0-9]{1,200})[\s,}])')
_MESSAGE_IN_BYTES = re.compile(rb'"message"\s*:\s*"([A-Za-z0-9+/]+)')


def read_receipt(body: bytes) -> CustomsReceipt:
    """The answer to the message that was sent. Unreadable: no message of receipts, or no returnStatus of its form.

    Of several answers in one message the latest by customs' time counts, in whatever order they stand.
    """
    try:
        message = read_message(body)
    except NotReceipts as fault:
        raise Unreadable(fault.reason) from None
    answer = max(message.answers, key=_by_time)
    status = answer["returnStatus"]
    if not STATUS.fullmatch(status):
        raise Unreadable("no returnStatus")
    return CustomsReceipt(
        status=status,
        number=receipt_keys(answer).number,
        format_error=message.type == FORMAT_ERROR,
        message_type=message.type,
        returned_at=_instant(answer.get("returnTime", "")),
        info=_info(answer),
    )


def _by_time(answer: Mapping[str, str]) -> tuple[datetime, str, list[tuple[str, str]]]:
    """A sort key: customs' time to the millisecond, then the content."""
    stated = answer.get("returnTime", "")
    return _instant(stated) or _LONG_AGO, stated, sorted(answer.items())


def read_page(body: bytes, limit: int = MOST_RECEIPTS) -> ReceiptPage:
    """A page of messages of receipts: each with its cursor and either the CEB message itself (`message`, in base64 as
    in e-port's DxpMsg) or the fields of its one answer.

    Raises Unreadable if the page cannot be read, or has no cursor to continue from. A message or an answer that cannot
    be read is an entry of the page.
    """
    try:
        page = read_leniently(body)
        items = page["receipts"]
        if not isinstance(items, list) or len(items) > MOST_RECEIPTS:
            raise ValueError("not a list of so many receipts")
        entries = tuple(entry for item in items for entry in _entries(item))
        following = None if page.get("next") is None else cursor_of(page["next"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable("not a page of receipts") from None
    if entries and following is None and entries[-1].cursor is None:
        raise Unreadable("no cursor to read on from")
    return ReceiptPage(entries, following, len(items) >= limit)


def cursors_in(body: bytes) -> list[str]:
    """The different cursors in the bytes of a page that cannot be read, in their order.

    A quotation mark inside a text of JSON is escaped, so that no text can pass for a cursor.
    """
    named = (text or number for text, number in _CURSOR_IN_BYTES.findall(body))
    return list(dict.fromkeys(cursor.decode("ascii") for cursor in named))


def unreadable_alone(cursor: str, body: bytes) -> UnreadableReceipt:
    """The one message of a page that cannot be read."""
    inner = _MESSAGE_IN_BYTES.search(body)
    text = base64.b64decode(inner[1][: len(inner[1]) // 4 * 4]) if inner else body
    return _unreadable(cursor, "page", text)


def read_hold_answer_result(status: int, body: bytes) -> HoldAnswerResult:
    """What became of the answer to a hold. Raises Unreadable if status and body do not agree: a page of HTML with
    status 200 does not accept an answer."""
    try:
        reply = read_leniently(body)
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


def _entries(item: Any) -> list[PageEntry]:
    """The answers of one message by customs' time; for what cannot be read one entry that says why."""
    if not isinstance(item, dict):
        return [_unreadable(None, "no_object", json.dumps(item).encode())]
    try:
        cursor = cursor_of(item.get("cursor"))
    except ValueError:
        return [_unreadable(None, "no_cursor", json.dumps(item).encode())]
    if "message" not in item:
        named = {name: storable(str(value)).strip() for name, value in item.items()}
        return [_receipt(cursor, 0, True, message_type(named.get("messageType", "")), named)]
    try:
        body = _decoded(item["message"])
    except NotReceipts as fault:
        return [_unreadable(cursor, fault.reason, json.dumps(item["message"]).encode())]
    try:
        root = parse(body)
        kind = message_type(local_name(root))
        if kind in (BILL, BILL_STATUS):
            return _bills(cursor, kind, root)
        message = answers_in(root)
    except NotReceipts as fault:
        return [_unreadable(cursor, fault.reason, body)]
    answers = sorted(message.answers, key=_by_time)
    last = len(answers) - 1
    return [_receipt(cursor, n, n == last, message.type, answer) for n, answer in enumerate(answers)]


def _bills(cursor: str, kind: str, root: ET.Element) -> list[PageEntry]:
    bills = read_bills(kind, root)
    return [
        TaxBill(
            cursor=cursor,
            last=n == len(bills) - 1,
            message_type=kind,
            keys=receipt_keys({"invtNo": head["invtNo"]}),
            tax_no=head["taxNo"],
            status=head["status"],
            returned_at=_instant(head.get("returnTime", "")),
            taxes=taxes,
            articles=articles,
        )
        for n, (head, taxes, articles) in enumerate(bills)
    ]


def _decoded(value: Any) -> bytes:
    if not isinstance(value, str):
        raise NotReceipts("no_message")
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotReceipts("not_base64") from None


def _unreadable(cursor: str | None, reason: str, body: bytes) -> UnreadableReceipt:
    return UnreadableReceipt(cursor, True, reason, body[:KEPT_BYTES], len(body), keys_in(body[:KEPT_BYTES]))


def _receipt(cursor: str, place: int, last: bool, kind: str, named: Mapping[str, str]) -> PolledReceipt:
    status = named.get("returnStatus", "")
    return PolledReceipt(
        cursor=cursor,
        place=place,
        last=last,
        keys=receipt_keys(named),
        message_type=kind or "unreadable",
        status=status if STATUS.fullmatch(status) else "unreadable",
        returned_at=_instant(named.get("returnTime", "")),
        info=_info(named),
    )


def _info(named: Mapping[str, str]) -> str:
    return named.get("returnInfo", "")[:LONGEST_TEXT]


def cursor_of(value: object) -> str:
    """The cursor from which reading continues and under which a receipt is stored. It is never shortened or altered, so
    that two stay distinct. ValueError: the value is no cursor."""
    if not isinstance(value, str | int) or not _CURSOR.fullmatch(str(value)):
        raise ValueError("no cursor")
    return str(value)


def _instant(text: str) -> datetime | None:
    """ISO 8601, or yyyyMMddHHmmss with or without milliseconds in Beijing's time."""
    if text.isdigit() and len(text) in (14, 17):
        text = f"{text[:8]}T{text[8:14]}"
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
