"""China e-port's CEB messages: the parser of the declarant's, the writer of its receipts. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.ceb_fields import NAMESPACE, SIGNATURE, SIGNATURE_NAMESPACE, broken_rules, is_message
from sandbox.china_customs import transport
from sandbox.china_customs.ceb_forms import FORMS

CHINA = ZoneInfo("Asia/Shanghai")


class MalformedError(Exception):
    """The message is malformed, which CEB900 answers. Carries every fault, and the guid if it could be read."""

    def __init__(self, faults: Sequence[str], guid: str = "") -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)
        self.guid = guid


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    """CEB311, CEB411, CEB511, CEB621, CEB623, CEB625."""
    guid: str
    head: Mapping[str, str]
    lines: tuple[Mapping[str, str], ...]

    def amount(self, name: str) -> Decimal:
        """A head field as a number; zero when absent."""
        return Decimal(self.head.get(name) or "0")


def parse(body: bytes) -> Message:
    """The message in these bytes, judged by `contracts/ceb_fields.csv`. MalformedError names every fault."""
    root = _root(body)
    name = _local(root.tag)
    guid = root.get("guid", "")
    if not is_message(name):
        raise MalformedError([f"未知报文类型 {name}"], guid)
    kind = name.removesuffix("Message")
    if faults := [f"{broken.field} {broken.rule}" for broken in broken_rules(root)]:
        raise MalformedError(faults, guid)
    if root.find(f"{{{SIGNATURE_NAMESPACE}}}{SIGNATURE}") is not None and not transport.is_signed(body):
        raise MalformedError(["签名验证失败"], guid)
    head, *others = [_fields(element) for element in root.iter(f"{{{NAMESPACE}}}{FORMS[kind].head}")]
    if others:
        raise MalformedError(["此处每个报文限一个业务节点"], guid)
    lines = tuple(_fields(element) for element in root.iter() if _local(element.tag).endswith("List"))
    return Message(kind, head["guid"], head, lines)


def received(body: bytes) -> Message:
    """The message in an envelope of the data exchange. MalformedError names every fault."""
    try:
        document = transport.opened(body)
    except ValueError as error:
        raise MalformedError([str(error)]) from error
    return parse(document)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a message: what it repeats of that, and the verdict. Its guid is e-port's own."""

    guid: str
    echoed: tuple[tuple[str, str], ...]
    status: str
    answered_at: datetime
    info: str


def answer(
    message: Message, guid: str, status: str, answered_at: datetime, info: str, assigned: Mapping[str, str]
) -> Answer:
    """The answer to a message: its identifying fields, the numbers assigned to it, and the verdict."""
    fields = {**message.head, **assigned}
    echoed = tuple((name, fields[name]) for name in FORMS[message.kind].echoed if fields.get(name))
    return Answer(guid, echoed, status, answered_at, info)


def receipts(kind: str, guid: str, answers: Sequence[Answer]) -> bytes:
    """A message of answers to messages of this kind. `guid` is the message's, e-port's own too."""
    form = FORMS[kind]
    return _document(
        f"{form.receipt}Message",
        form.wrapper,
        guid,
        [
            [
                ("guid", answer_row.guid),
                *answer_row.echoed,
                ("returnStatus", answer_row.status),
                ("returnTime", stamp(answer_row.answered_at)),
                ("returnInfo", answer_row.info),
            ]
            for answer_row in answers
        ],
    )


def format_error(error: MalformedError, instant: datetime) -> bytes:
    """CEB900: the message did not reach customs. Of all receipts it alone has the guid of what it answers."""
    info = "报文格式校验错误: " + "; ".join(error.faults)
    fields = [
        ("guid", error.guid),
        ("returnStatus", "-900"),
        ("returnInfo", info),
        ("returnTime", stamp(instant)),
        ("oriCopMsgId", error.guid),
        ("oriMessageType", "Unknown"),
        ("oriBizMessage", ""),
    ]
    return _document("CEB900Message", "MessageReturn", error.guid, [fields])


def stamp(instant: datetime) -> str:
    """An instant as e-port writes it: YYYYMMDDhhmmssfff, Beijing time."""
    local = instant.astimezone(CHINA)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"


def _root(body: bytes) -> ET.Element:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise MalformedError(["不允许 DTD"])
    try:
        root = ET.fromstring(body)  # noqa: S314 - a document with a DTD was refused above
    except ET.ParseError as error:
        raise MalformedError([f"XML {error}"]) from error
    if not root.tag.startswith(f"{{{NAMESPACE}}}"):
        raise MalformedError([f"命名空间应为 {NAMESPACE}"], root.get("guid", ""))
    return root


def _fields(element: ET.Element) -> dict[str, str]:
    return {_local(child.tag): (child.text or "").strip() for child in element}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _document(root: str, wrapper: str, guid: str, elements: Sequence[Sequence[tuple[str, str]]]) -> bytes:
    ET.register_namespace("", NAMESPACE)
    document = ET.Element(f"{{{NAMESPACE}}}{root}", {"guid": guid, "version": "1.0"})
    for fields in elements:
        inner = ET.SubElement(document, f"{{{NAMESPACE}}}{wrapper}")
        for name, value in fields:
            ET.SubElement(inner, f"{{{NAMESPACE}}}{name}").text = value
    xml: bytes = ET.tostring(document, encoding="UTF-8", xml_declaration=True)
    return xml
