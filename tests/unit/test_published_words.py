"""What counterparts write is not published: a code is one of a known list or form, or it is `unknown`; a partner and a
city are of a list, and a counter says that it is one.

In every place of every answer a name, a phone or an id is put; none of them is in an event that follows.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import LabelCreated
from services.carrier.carriers.carrier import Carrier
from services.carrier.carriers.ems import CARRIER as EMS
from services.carrier.carriers.ems.mapping import read_file
from services.carrier.carriers.laposte import CARRIER as LAPOSTE
from services.carrier.carriers.laposte import mapping
from services.carrier.carriers.laposte.bordereau import read_bordereau_answer
from services.carrier.carriers.laposte.formats import Printing
from services.carrier.carriers.laposte.labels import read_label_answer
from services.carrier.carriers.laposte.timeline import read_timeline
from services.carrier.domain.bordereaux import BordereauMade
from services.carrier.domain.carrier import (
    AddressRefused,
    AnswerLost,
    CarrierEvent,
    InvalidReport,
    LabelMade,
    LabelRejected,
    OperationRefused,
    ParcelEvents,
    TryLater,
    Unexplained,
    Unreachable,
)
from services.carrier.domain.details import KnownDetails, ParcelDetails, details_facts
from services.carrier.domain.feeds import Unfinished, UnreadableFile
from services.carrier.domain.labels import address_case, exhausted_case, refusal, unexplained_case
from services.carrier.domain.operations import LABELS, UNKNOWN, Operation, pause
from services.carrier.domain.scans import KnownScan, scan_fact
from services.customs.destinations.cn.receipt_events import inventory_events, receipt_events
from services.customs.destinations.cn.receipt_parsing import read_page, read_receipt
from services.customs.destinations.cn.receipts import SentMessage
from services.customs.domain import export
from services.customs.domain.export import Unreadable
from services.makers.domain import vies
from shared.http.counterpart_answer import Answer
from shared.ledger.facts import DecisionContext, Facts
from tests.support.bad_receipts import GOLDEN as CUSTOMS_GOLDEN
from tests.support.customs_model import World
from tests.support.customs_samples import order_id, packed, placed, recorded

GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
NUMBER = "CY123456785FR"
WORDS = (
    "Wang.Xiaoming.13800138000",
    "13800138000",
    "138-0013-8000",
    "WANGXIAOMING",
    "WANG138",
    "王小明 13800138000",
    "Wang:1380013",
    "王小明",
    "Wang Xiaoming",
    "11010519491231002X",
    "110105194912310021",
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


def assert_not_in(word: str, reason: str) -> None:
    assert word not in reason


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
            reported = mapping.read_envelope(changed)
        except InvalidReport:
            continue
        published += assert_not_published(word, [*scans(reported.events), *details(reported.details)])
    assert published


def test_of_colissimos_timeline() -> None:
    whole, published = json.loads((GOLDEN / "timeline.json").read_text(encoding="utf-8")), 0
    for word, changed in spoilt(whole):
        try:
            reported = read_timeline(Answer(200, "application/json", json.dumps(changed).encode()), NUMBER)
        except Unreachable as fault:
            assert_not_in(word, fault.reason)
            continue
        published += assert_not_published(word, [*scans(reported.events), *details(reported.details)])
    assert published


@pytest.mark.parametrize("word", WORDS)
def test_of_the_places_of_suivi_and_of_the_timeline(word: str) -> None:
    """Beside a place too, and the fields are published where they hold one."""
    for texts in ((word, word, word), (f"China Post {word}", f"PFC LYON {word}", f"望京邮政支局 {word}")):
        suivi, timeline = with_places(*texts)
        assert not assert_not_published(word, [*details(suivi.details), *details(timeline.details)])
        assert assert_not_published(word, [*scans(suivi.events), *scans(timeline.events)]) == 2
    for reported in with_places("CHINA POST", "PFC LYON", "望京邮政支局"):
        assert reported.details == ParcelDetails(partner="China Post", pickup_point="望京邮政支局")
        assert [event.city for event in reported.events] == ["PFC LYON"]


def with_places(partner: str, city: str, counter: str) -> tuple[ParcelEvents, ParcelEvents]:
    """An envelope of Suivi, and an answer of the timeline, that hold these."""
    event = {"code": "ET3", "date": "2026-11-20T10:00:00+08:00", "country": "CN", "city": city}
    context = {"partner": {"name": partner}, "removalPoint": {"name": counter}}
    shipment = {"idShip": NUMBER, "event": [event], "contextData": context}
    parcel = {
        "parcelNumber": NUMBER,
        "infoInter": {"partnerName": partner},
        "removalPoint": {"siteName": counter},
        "event": [{"code": "PCHCFM", "date": "2026-11-10T18:02:00.000", "siteName": city}],
    }
    answer = json.dumps({"status": [{"code": "0"}], "parcel": parcel}).encode()
    return (
        mapping.read_envelope({"returnCode": 200, "shipment": shipment}),
        read_timeline(Answer(200, "application/json", answer), NUMBER),
    )


AT = "2026-11-20T10:00:00+08:00"
CHECKPOINT = {"checkpoint_time": AT, "subtag": "InTransit_004", "raw_tag": "ET3", "country_region": "CHN", "city": "x"}
DETAIL = {"datetime": AT, "status": "delivered", "tracking_location": {"country": "CN", "city": "x"}, "message": "x"}


@pytest.mark.parametrize(
    ("name", "callback"),
    [
        (
            "aftership",
            {"event": "tracking_update", "msg": {"tracking_number": NUMBER, "checkpoints": [CHECKPOINT]}},
        ),
        (
            "easypost",
            {"description": "tracker.updated", "result": {"tracking_code": NUMBER, "tracking_details": [DETAIL]}},
        ),
    ],
)
def test_of_aggregators(name: str, callback: dict[str, Any]) -> None:
    (aggregator,) = (known_aggregator for known_aggregator in LAPOSTE.aggregators if known_aggregator.name == name)
    published = 0
    for word, changed in spoilt(callback):
        try:
            reported = aggregator.read(changed)
        except InvalidReport:
            continue
        published += assert_not_published(word, scans(reported.events if reported else ()))
    assert published


def test_of_files_of_events() -> None:
    fields, published = ["EMA", "EE100000003FR", AT, "CN", "CNPVGA", "30"], 0
    for word, changed in spoilt(fields):
        lines = ("EMSEVT;1;FRA;42;2026-11-24T06:00:00+01:00", ";".join(changed), "END;1", "")
        try:
            read = read_file("\n".join(lines).encode())
        except (Unfinished, UnreadableFile):
            continue
        published += assert_not_published(word, scans(read.events, EMS))
    assert published


def scans(events: Iterable[CarrierEvent], carrier: Carrier = LAPOSTE) -> list[Event]:
    """Of those that can be read."""
    return [scan(event, carrier) for event in events if event.code and event.scanned_at]


def details(parcel_details: ParcelDetails | None) -> list[Event]:
    """What is published beside the scans."""
    report = KnownDetails("laposte", NUMBER, ORDER, 1, parcel_details.stored() if parcel_details else {})
    return [*details_facts({ORDER: Facts(order_stream(ORDER))}, [report], NOW)] if parcel_details else []


def scan(event: CarrierEvent, carrier: Carrier) -> Event:
    assert event.code is not None
    assert event.scanned_at is not None
    known = KnownScan(
        carrier.name,
        NUMBER,  # the one of the label that it was found by
        "poll",
        b"",
        event.code,
        event.scanned_at,
        event.utc_offset_minutes,
        event.country,
        ORDER,
        1,
        city=event.city,
    )
    return scan_fact(known, carrier.read(event.code, event.country))


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


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"messages": [{"id": "0"}], "bordereauHeader": {"bordereauNumber": 1042, "address": "x"}}),
        (400, {"messages": [{"type": "ERROR", "id": "50001", "messageContent": "x"}]}),
    ],
)
def test_of_lists_of_parcels(status: int, body: dict[str, Any]) -> None:
    for word, changed in spoilt(body):
        answer = read_bordereau_answer(Answer(status, "application/json", json.dumps(changed).encode()))
        assert not isinstance(answer, BordereauMade)
        assert word not in answer.reason


@pytest.mark.parametrize("name", ["valid", "invalid", "fault"])
def test_of_vies(name: str) -> None:
    """What it tells of a number is evidence, kept sealed; why it tells nothing is the reason of a case."""
    whole, read = json.loads((GOLDEN.parent / "vies" / f"{name}.json").read_text(encoding="utf-8")), 0
    for word, changed in spoilt(whole):
        try:
            vies.read(Answer(200, "application/json", json.dumps(changed).encode()), "FR96552100554")
        except vies.NoVatAnswer as fault:
            read += 1
            assert_not_in(word, fault.reason)
    assert read


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


def test_of_the_export_gateway_about_an_end() -> None:
    """Of an exit the time is published, and nothing else; of an invalidation why it is refused."""
    exited = {"status": "exited", "exited_at": "2026-11-26T21:30:00+00:00", "exit_reference": "IE599-1"}
    refused = {"status": "refused", "errors": [{"code": "goods_have_left"}]}
    read = 0
    for word, changed in [*spoilt(exited), *spoilt(refused)]:
        body = json.dumps(changed).encode()
        for parse in (export.read_exit, export.read_invalidation):
            try:
                answer = parse(body)
            except Unreadable:
                continue
            read += 1
            if isinstance(answer, export.Exited):
                assert word not in answer.exited_at.isoformat()
            if isinstance(answer, export.Refused):
                assert word not in answer.code
    assert read


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("CEB621", "CEB622"),
        ("CEB311", "CEB312"),
        ("CEB411", "CEB412"),
        ("CEB511", "CEB512"),
        ("CEB623", "CEB624"),
        ("CEB625", "CEB626"),
    ],
)
def test_of_the_single_window(message: str, answer: str) -> None:
    receipt = {
        "cursor": "7",
        "guid": GUID,
        "copNo": "TM1-1",
        "messageType": answer,
        "returnStatus": "500",
        "returnTime": "20261124170000123",
        "returnInfo": "等待处理",
    }
    sent = SentMessage(UUID(GUID), ORDER, 1, message, NOW)
    published = 0
    for status in ("500", "100", "700", "800", "399", "-21", "1"):
        spoilt_receipts = spoilt({"receipts": [{**receipt, "returnStatus": status}], "next": None})
        for word, changed in spoilt_receipts:
            try:
                (read,) = read_page(json.dumps(changed).encode()).entries
            except Unreadable:
                continue
            events = receipt_events(read, sent, Facts(order_stream(ORDER)), {}, DecisionContext(NOW))
            published += assert_not_published(word, events)
    assert published


def test_of_a_tax_bill() -> None:
    """One that differs from what was collected is a case, which is named after the bill."""
    known = World().consume(placed(tax="1.00"), recorded(), packed()).facts
    sent, published = SentMessage(UUID(GUID), order_id(), 1, "CEB621", NOW), 0
    body = (CUSTOMS_GOLDEN / "CEB816.xml").read_text(encoding="utf-8")
    for value in sorted(set(re.findall(r">([^<>\n]+)<", body))):
        for word in WORDS:
            message = base64.b64encode(body.replace(f">{value}<", f">{word}<").encode()).decode()
            page = {"receipts": [{"cursor": "7", "message": message}], "next": None}
            (read,) = read_page(json.dumps(page).encode()).entries
            published += assert_not_published(word, receipt_events(read, sent, known, {}, DecisionContext(NOW)))
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
