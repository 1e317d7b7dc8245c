"""What counterparts write is not published: a code is one of a known list or form, or it is `unknown`.

In every place of every answer a name or a phone is put; none of them is in an event that follows.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import LabelCreated
from services.carrier.carriers.laposte import codes, mapping
from services.carrier.carriers.laposte.formats import Printing
from services.carrier.carriers.laposte.labels import read_label_answer
from services.carrier.domain.carrier import (
    AddressRefused,
    AnswerLost,
    InvalidReport,
    LabelMade,
    LabelRejected,
    OperationRefused,
    TryLater,
    Unexplained,
)
from services.carrier.domain.labels import address_case, exhausted_case, refusal, unexplained_case
from services.carrier.domain.operations import LABELS, UNKNOWN, Operation, pause
from services.carrier.domain.scans import KnownScan, scan_fact
from services.customs.destinations.cn.receipt_events import inventory_events, receipt_events
from services.customs.destinations.cn.receipt_parsing import read_page, read_receipt
from services.customs.destinations.cn.receipts import SentMessage
from services.customs.domain import export
from services.customs.domain.export import Unreadable
from shared.http.counterpart_answer import Answer
from shared.ledger.facts import DecisionContext, Facts

GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
WORDS = (
    "Wang.Xiaoming.13800138000",
    "13800138000",
    "138-0013-8000",
    "WANGXIAOMING",
    "王小明 13800138000",
    "Wang:1380013",
)
ORDER = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OPERATION = Operation("carrier.laposte", LABELS, "8d969eef6eca")
GUID = str(uuid5(ORDER, "CEB621|1"))


def spoilt(whole: Any, place: Callable[[Any], None] | None = None) -> Iterator[tuple[str, Any]]:
    """The same with each word in each of its texts, one at a time, and which word it is."""

    def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in children:
            yield from places(child, (*way, key))
        if isinstance(node, str | int | float):
            yield way

    for way in places(whole):
        for word in WORDS:
            changed = copy.deepcopy(whole)
            target = changed
            for key in way[:-1]:
                target = target[key]
            target[way[-1]] = word
            yield word, changed


def assert_not_published(word: str, events: Iterable[Event]) -> int:
    published = [event.model_dump_json() for event in events]
    assert [text for text in published if word in text] == []
    return len(published)


@pytest.mark.parametrize("name", ["suivi-delivered.json", "suivi-object.json", "suivi-returned.json", "callback.json"])
def test_of_suivi(name: str) -> None:
    envelope = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    envelope = envelope[0] if isinstance(envelope, list) else envelope.get("data", envelope)
    published = 0
    for word, changed in spoilt(envelope):
        try:
            reported = mapping.read_envelope(changed).events
        except InvalidReport:
            continue
        published += assert_not_published(word, [scan(event) for event in reported if event.code and event.scanned_at])
    assert published


def scan(event: Any) -> Event:
    known = KnownScan(
        "laposte",
        "CY123456785FR",  # the one of the label that it was found by
        "poll",
        b"",
        event.code,
        event.scanned_at,
        event.utc_offset_minutes,
        event.country,
        ORDER,
        1,
    )
    return scan_fact(known, codes.read(event.code, event.country))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, json.loads((GOLDEN / "sls-error.json").read_text(encoding="utf-8"))),
        (400, {"errors": [{"code": "E 12", "message": "x"}]}),
        (400, {"error": "Bad Request", "message": "x"}),
        (
            200,
            {
                "messages": [{"id": "0"}],
                "labelV2Response": {"parcelNumber": "6A00000000017", "parcelNumberPartner": "x"},
            },
        ),
    ],
)
def test_of_sls(status: int, body: dict[str, Any]) -> None:
    published = 0
    for word, changed in spoilt(body):
        published += assert_not_published(word, label_events(status, json.dumps(changed).encode()))
    assert published


def label_events(status: int, infos: bytes) -> list[Event]:
    """All that may follow from the answer, whatever the attempt."""
    parts = {"jsonInfos": infos, "label": b"%PDF-1.4 x\n%%EOF\n", "cn23": b"%PDF-1.4 x\n%%EOF\n"}
    body = b"".join(b"--b\r\nContent-ID: <%s>\r\n\r\n%s\r\n" % (name.encode(), part) for name, part in parts.items())
    answer = Answer(status, "multipart/related; boundary=b", body + b"--b--", None)
    answer = answer if status == 200 else Answer(status, "application/json", infos, None)
    match read_label_answer(answer, Printing()):
        case LabelRejected(reason):
            return [refusal(ORDER, 1, reason, NOW)]
        case AddressRefused(reason):
            return [address_case(ORDER, "1", reason, NOW)]
        case OperationRefused(reason, mend):
            return pause(Facts(OPERATION.stream), OPERATION, reason, mend, NOW)
        case Unexplained(reason):
            return [
                unexplained_case(ORDER, "1", reason, NOW),
                *pause(Facts(OPERATION.stream), OPERATION, reason, UNKNOWN, NOW),
            ]
        case TryLater(reason) | AnswerLost(reason):
            return [exhausted_case(ORDER, "1", reason, "sls", NOW)]
        case LabelMade(number):
            made = {"carrier": "laposte", "product": "DOS", "tracking_number": number}
            return [LabelCreated(order_id=ORDER, occurred_at=NOW, parcel=1, **made)]
    raise AssertionError("no answer")


def test_of_the_export_gateway() -> None:
    refused = {"lrn": "x", "status": "refused", "errors": [{"code": "net_over_gross", "pointer": "/x"}]}
    released = {"lrn": "x", "status": "released", "mrn": "18GB0000601001EB15"}
    codes_read = 0
    for word, changed in [*spoilt(refused), *spoilt(released)]:
        try:
            answer = export.read_answer(json.dumps(changed).encode())
        except Unreadable:
            continue
        if isinstance(answer, export.Refused):
            codes_read += 1
            assert word not in answer.code
        else:
            assert word not in answer.mrn or not export.valid_mrn(answer.mrn)
    assert codes_read


def test_of_the_single_window() -> None:
    receipt = {
        "cursor": "7",
        "guid": GUID,
        "copNo": "TM1-1",
        "messageType": "CEB622",
        "returnStatus": "500",
        "returnTime": "20261124170000123",
        "returnInfo": "等待处理",
    }
    sent = SentMessage(UUID(GUID), ORDER, 1, "CEB621", NOW)
    published = 0
    for status in ("500", "100", "700", "800", "-21", "1"):
        for word, changed in spoilt({"receipts": [{**receipt, "returnStatus": status}], "next": None}):
            try:
                (read,) = read_page(json.dumps(changed).encode()).entries
            except Unreadable:
                continue
            events = receipt_events(read, sent, Facts(order_stream(ORDER)), {}, DecisionContext(NOW))
            published += assert_not_published(word, events)
    assert published


def test_of_a_receipt_in_xml() -> None:
    fields = {
        "guid": GUID,
        "copNo": "TM1-1",
        "preNo": "B20261123000000001",
        "invtNo": "22442026I000000001",
        "returnStatus": "500",
        "returnTime": "20261124170000123",
        "returnInfo": "等待处理",
    }
    published = 0
    for word, changed in spoilt(fields):
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in changed.items())
        try:
            read = read_receipt(f"<CEB622Message><InventoryReturn>{inner}</InventoryReturn></CEB622Message>".encode())
        except Unreadable:
            continue
        published += assert_not_published(word, inventory_events(ORDER, 1, read, {}, DecisionContext(NOW)))
    assert published
