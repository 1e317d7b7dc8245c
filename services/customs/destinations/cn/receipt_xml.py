"""CEB messages of receipts as bytes: read within bounds, entities refused, every answer by itself. Pure."""

from __future__ import annotations

import functools
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.customs.destinations.cn.receipts import ReceiptKeys
from shared.text import storable

DEEPEST = 16
"""Levels of a receipt's elements; e-port's have four, with the format error's copy of what was sent."""
MOST_ANSWERS = 1_000
"""In one message; its specification has a hundred."""
BYTES = 2 * 1024 * 1024
"""Of one message: a hundred answers with a text of a thousand characters each, and the tags."""
_MESSAGE_TYPE = re.compile(r"(CEB[0-9]{3})(?:Message)?")
_KEYS = {
    "copNo": "cop_no",
    "preNo": "pre_no",
    "invtNo": "invt_no",
    "ebpCode": "ebp_code",
    "orderNo": "order_no",
    "logisticsCode": "logistics_code",
    "logisticsNo": "logistics_no",
    "payCode": "pay_code",
    "payTransactionId": "pay_transaction_id",
}
LONGEST_KEY = 60
"""Characters of the longest of them, orderNo."""


class NotReceipts(ValueError):
    """Bytes that are no message of receipts; `reason` is the rule that they break, as a token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ReceiptMessage:
    """A message as it came: its type, and the fields of each answer by the names of their elements."""

    type: str
    guid: str
    answers: tuple[Mapping[str, str], ...]


def read_message(body: bytes) -> ReceiptMessage:
    """A CEB message with at least one answer. Raises NotReceipts.

    An answer is an element with a `returnStatus`; e-port puts each in an element of its own below the root, and of a
    message with a single one some put the fields into the root.
    """
    return answers_in(parse(body))


def answers_in(root: ET.Element) -> ReceiptMessage:
    """The answers of a parsed message. Raises NotReceipts."""
    kind = message_type(local_name(root))
    if not kind:
        raise NotReceipts("no_ceb_message")
    answers = [element for element in root.iter() if any(local_name(part) == "returnStatus" for part in element)]
    if not answers:
        raise NotReceipts("no_return_status")
    if len(answers) > MOST_ANSWERS:
        raise NotReceipts("too_many_answers")
    return ReceiptMessage(kind, root.get("guid") or "", tuple(fields(element) for element in answers))


def parse(body: bytes) -> ET.Element:
    """The root element. Raises NotReceipts: more than `BYTES`, not UTF-8, a DTD, not XML, or nested too deep."""
    if len(body) > BYTES:
        raise NotReceipts("too_large")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotReceipts("not_utf8") from None
    if "<!" in text.replace("<![CDATA[", "").replace("<!--", ""):
        raise NotReceipts("dtd")
    depth = 1
    try:
        # Entities need a DTD, which was refused above.
        elements = ET.iterparse(io.StringIO(text), ("start", "end"))  # noqa: S314
        root: ET.Element = next(elements)[1]
        for what, _ in elements:
            depth += 1 if what == "start" else -1
            if depth > DEEPEST:
                raise NotReceipts("too_deep")
    except ET.ParseError:
        raise NotReceipts("not_xml") from None
    return root


def fields(element: ET.Element) -> dict[str, str]:
    """The text of each child by its name; space around a text has no meaning."""
    return {local_name(part): storable(part.text or "").strip() for part in element}


def message_type(name: str) -> str:
    """The type in an element's name, or as it is named in a list: `CEB622` of `CEB622Message`; empty for no type."""
    form = _MESSAGE_TYPE.fullmatch(name)
    return form[1] if form else ""


def receipt_keys(named: Mapping[str, str]) -> ReceiptKeys:
    """The numbers that an answer names."""
    return ReceiptKeys(
        guid=as_guid(named.get("guid", "")),
        **{ours: named.get(theirs, "")[:LONGEST_KEY] for theirs, ours in _KEYS.items()},
    )


def keys_in(body: bytes) -> tuple[ReceiptKeys, ...]:
    """The numbers that are recognised in unreadable bytes, XML or JSON: the first of each name together, then the
    second of each, and so on."""
    text = body.decode("utf-8", "replace")
    values_by_name = {name: [storable(xml or json) for xml, json in _naming(name).findall(text)] for name in _KEYS}
    count = min(max(len(values) for values in values_by_name.values()), MOST_ANSWERS)
    return tuple(
        receipt_keys({name: values[n] for name, values in values_by_name.items() if n < len(values)})
        for n in range(count)
    )


@functools.cache
def _naming(name: str) -> re.Pattern[str]:
    text = f"{{1,{LONGEST_KEY}}}"
    return re.compile(rf'<(?:\w+:)?{name}>\s*([^<>\s]{text})\s*<|"{name}"\s*:\s*"([^"\\]{text})"')


def as_guid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def local_name(element: ET.Element) -> str:
    """Its name without the namespace."""
    return element.tag.rpartition("}")[2]
