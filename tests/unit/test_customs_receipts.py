"""What the single window answers: read within bounds, unknown things kept, none believed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, order_stream
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ImportRefused
from sandbox.bad_answers import PAGE
from services.customs.destinations.cn.receipt_events import MOST_HOLDS, receipt_events
from services.customs.destinations.cn.receipt_parsing import (
    MOST_RECEIPTS,
    read_hold_answer_result,
    read_page,
    read_receipt,
)
from services.customs.destinations.cn.receipt_statuses import meaning
from services.customs.destinations.cn.receipts import (
    CustomsReceipt,
    PolledReceipt,
    SentMessage,
    UnreadableReceipt,
    inventory_event,
)
from services.customs.domain.export import Unreadable
from shared.ledger.facts import DecisionContext, Facts
from tests.support.customs_samples import PLACED_AT, TABLES, order_id

GUID = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"
RECEIPT = f"""<?xml version="1.0" encoding="UTF-8"?>
<CEB622Message xmlns="http://www.chinaport.gov.cn/ceb" guid="{GUID}" version="1.0"><InventoryReturn>
<guid>{GUID}</guid><copNo>TM1-1</copNo><preNo>B20261123000000001</preNo><invtNo>22442026I000000001</invtNo>
<returnStatus>120</returnStatus><returnTime>20261123170000123</returnTime><returnInfo>海关入库</returnInfo>
</InventoryReturn></CEB622Message>""".encode()


def test_a_receipt() -> None:
    returned_at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    number = "22442026I000000001"
    assert read_receipt(RECEIPT) == CustomsReceipt("120", number, False, "CEB622", returned_at, "海关入库")
    assert read_receipt(RECEIPT).accepted


_RETURN = RECEIPT.decode().partition("<InventoryReturn>")[2].partition("</InventoryReturn>")[0]
_REVIEW = _RETURN.replace(">120<", ">300<").replace("20261123170000", "20261123180000")
_HELD = _RETURN.replace(">120<", ">500<").replace("20261123170000", "20261123190000")


@pytest.mark.parametrize("parts", list(permutations([_RETURN, _REVIEW, _HELD])))
def test_a_receipt_with_its_parts_in_another_order_is_the_same_receipt(parts: Sequence[str]) -> None:
    envelope = RECEIPT.decode().partition("<InventoryReturn>")[0]
    returns = "\n\t".join(f"<InventoryReturn>{part}</InventoryReturn>" for part in parts)
    body = f"{envelope}{returns}</CEB622Message>".encode()
    receipt = read_receipt(body)
    assert (receipt.status, receipt.number) == ("500", "22442026I000000001")


@given(st.permutations(_RETURN.strip().replace("><", ">|<").split("|")), st.sampled_from(["", " ", "\n\t"]))
def test_a_receipt_with_its_fields_in_another_order_is_the_same_receipt(fields: Sequence[str], space: str) -> None:
    envelope = RECEIPT.decode().partition("<InventoryReturn>")[0]
    spaced = space.join(field.replace(">", f">{space}", 1).replace("</", f"{space}</") for field in fields)
    body = f"{envelope}<InventoryReturn>{space}{spaced}</InventoryReturn></CEB622Message>".encode()
    assert read_receipt(body) == read_receipt(RECEIPT)


def test_a_later_receipt_written_in_another_way_is_the_same_receipt() -> None:
    receipt = {
        "cursor": "7",
        "guid": GUID,
        "copNo": "TM1-1",
        "messageType": "CEB622",
        "returnStatus": "-21",
        "returnTime": "20261123170000123",
        "returnInfo": "金额不符",
    }
    written = {
        "returnInfo": " 金额不符\n",
        "returnTime": "2026-11-23T09:00:00Z",
        "returnStatus": "-21 ",
        "messageType": "\tCEB622",
        "copNo": "TM1-1 ",
        "guid": f" {GUID.lower()}",
        "cursor": "7",
    }
    page, again = (read_page(json.dumps({"receipts": [item]}, indent=2).encode()) for item in (receipt, written))
    assert page == again


def test_a_format_error_is_never_accepted() -> None:
    body = RECEIPT.replace(b"CEB622", b"CEB900").replace(b">120<", b">2<")
    assert read_receipt(body).format_error
    assert not read_receipt(body).accepted


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        RECEIPT[:-10],
        RECEIPT.replace(b">120<", b">much<"),
        RECEIPT.replace(b"<CEB622Message", b'<!DOCTYPE x [<!ENTITY a "b">]><CEB622Message'),
        RECEIPT.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        RECEIPT.replace("海关入库".encode(), b"<a>" * 15 + b"</a>" * 15),
        b"<a>" * 80_000 + b"</a>" * 80_000,
        RECEIPT.replace("海关入库".encode(), b"\xff"),
    ],
)
def test_what_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_receipt(body)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    for read in (read_receipt, read_page):
        with pytest.raises(Unreadable):
            read(body)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, "under_way") for status in ("1", "2", "3", "120", "300", "399")),
        *((status, "held") for status in ("500", "501", "502", "503", "504", "550", "599")),
        *((status, "refused") for status in ("100", "700")),
        *((status, "error") for status in ("-1", "-900")),
        ("800", "cleared"),
        ("4", "not_sent"),
        ("899", "closed"),
        *((status, "unknown") for status in ("777", "50", "5000", "-500x", "５００")),
        ("unreadable", "unknown"),
        ("", "unknown"),
    ],
)
def test_meanings(status: str, expected: str) -> None:
    assert meaning(status) == expected


def test_what_a_status_says() -> None:
    def of(status: str) -> object:
        return inventory_event(order_id(), 2, status, PLACED_AT, PLACED_AT, TABLES.codes.hold_reasons)

    assert isinstance(of("800"), ImportCleared)
    held = of("500")
    assert isinstance(held, ImportHeld)
    assert (held.reason, held.subject) == ("inspection", "2:500:20261120T0930")
    assert held == of("500")
    refused, rejected = of("700"), of("100")
    assert isinstance(refused, ImportRefused)
    assert isinstance(rejected, ImportRefused)
    assert [refused.reason, rejected.reason] == ["sent_back:700", "rejected:100"]
    assert [of(status) for status in ("120", "300", "4", "899", "777", "-21")] == [None] * 6


def later(next: str | None = "7", **changes: object) -> bytes:
    receipt = {
        "cursor": "7",
        "guid": GUID,
        "copNo": "TM1-1",
        "messageType": "CEB622",
        "returnStatus": "800",
        "returnTime": "20261123170000123",
        "returnInfo": "放行",
    }
    return json.dumps({"receipts": [{**receipt, **changes}], "next": next}).encode()


def polled(body: bytes) -> PolledReceipt:
    (receipt,) = read_page(body).entries
    assert isinstance(receipt, PolledReceipt)
    return receipt


def test_a_page() -> None:
    receipt = polled(later())
    assert (receipt.cursor, receipt.status, receipt.keys.cop_no) == ("7", "800", "TM1-1")
    assert receipt.returned_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert read_page(later()).next == "7"


def test_times_of_either_form() -> None:
    iso = polled(later(returnTime="2026-11-23T17:00:00+08:00"))
    assert iso.returned_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert polled(later(returnTime="yesterday")).returned_at is None


def test_a_strange_receipt_is_kept_as_it_can_be() -> None:
    receipt = polled(later(guid="?", returnStatus="released?", messageType="<b>", returnInfo=None))
    assert (receipt.keys.guid, receipt.status, receipt.message_type) == (None, "unreadable", "unreadable")


def test_what_no_database_holds_is_replaced() -> None:
    receipt = polled(later(returnInfo="查\ud83d\0验", copNo="TM1-1\0\ud83d", returnStatus="５００"))
    assert (receipt.info, receipt.keys.cop_no, receipt.status) == ("查??验", "TM1-1??", "unreadable")


@pytest.mark.parametrize("cursor", ["", " ", "a b", "7\n", "7\0", "\ud83d", "七", "x" * 201, None, [7], 7.5])
def test_what_is_no_cursor_is_nothing_to_read_on_from(cursor: object) -> None:
    for body in (later(cursor=cursor, next=None), json.dumps({"receipts": [], "next": [cursor]}).encode()):
        with pytest.raises(Unreadable):
            read_page(body)
    page = read_page(later(cursor=cursor))
    assert [(type(entry), entry.cursor) for entry in page.entries] == [(UnreadableReceipt, None)]
    assert page.next == "7"


def test_a_cursor_is_a_number_or_a_token() -> None:
    for cursor in (7, "7", "!~" * 100):
        assert polled(later(cursor=cursor)).cursor == str(cursor)


@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        later().replace(b'"7"', b"[" * 900 + b"]" * 900),
        b"{}",
        b'{"receipts": [1]}',
        b'{"receipts": [{}]}',
        b'{"receipts": 3}',
        b'{"receipts": ' + b"[" * 200_000,
    ],
)
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_page(body)


def test_a_page_of_more_receipts_than_are_ever_asked_for_is_none() -> None:
    (receipt,) = json.loads(later())["receipts"]
    most = [{**receipt, "cursor": str(n)} for n in range(MOST_RECEIPTS)]
    assert len(read_page(json.dumps({"receipts": most}).encode()).entries) == MOST_RECEIPTS
    with pytest.raises(Unreadable):
        read_page(json.dumps({"receipts": [*most, receipt]}).encode())


@pytest.mark.parametrize(
    ("status", "body", "published"),
    [
        (202, b'{"status": "accepted"}', "taken"),
        (200, b'{"status": "already_answered"}', "taken"),
        (409, b'{"status": "not_held"}', "not_held"),
        (404, b'{"status": "unknown"}', "unknown"),
    ],
)
def test_what_became_of_the_answer_to_a_hold(status: int, body: bytes, published: str) -> None:
    assert read_hold_answer_result(status, body) == published


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, PAGE), (200, b""), (200, b"{}"), (404, PAGE), (409, PAGE), (302, b'{"status": "accepted"}')],
)
def test_a_page_of_html_has_taken_no_answer_to_a_hold(status: int, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_hold_answer_result(status, body)


@pytest.mark.parametrize(("declared_after_hours", "second"), [(None, False), (-5, False), (5, True)])
def test_a_refusal_of_a_forgotten_message(declared_after_hours: int | None, second: bool) -> None:
    """Told again after a restore it is the fact that it was; of an inventory declared since, it is a case."""
    first = ImportRefused(order_id=order_id(), occurred_at=PLACED_AT, parcel=1, reason="sent_back:700")
    facts = Facts(order_stream(order_id()), [first])
    if declared_after_hours is not None:
        declared_at = PLACED_AT + timedelta(hours=declared_after_hours)
        facts.add(ImportDeclared(order_id=order_id(), occurred_at=declared_at, parcel=1, declaration_number="I1"))
    receipt = polled(later(returnStatus="700"))
    forgotten = SentMessage(UUID(GUID), order_id(), 1, "CEB621", None)
    (fact,) = receipt_events(receipt, forgotten, facts, {}, DecisionContext(PLACED_AT + timedelta(days=1)))
    assert isinstance(fact, CaseOpened) is second
    assert (fact in facts) is not second


@pytest.mark.parametrize(
    ("stated", "held_at"),
    [
        ("20261123190000", "2026-11-23T11:00Z"),
        ("20261122190000", "2026-11-22T11:00Z"),  # within a day before the message was written
        ("21261123190000", "the message"),
        ("20251123190000", "the message"),
        ("20261125190000", "the message"),
        ("yesterday", "the message"),
    ],
)
def test_a_time_at_which_customs_cannot_have_held_the_parcel_is_not_believed(stated: str, held_at: str) -> None:
    """The hold counts; its time, from which deadlines are reckoned, is then that of the message it answers."""
    now, written_at = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)
    body = later(returnStatus="500", returnTime=stated)
    receipt = polled(body)
    sent = SentMessage(UUID(GUID), order_id(), 1, "CEB621", written_at)
    (held,) = receipt_events(receipt, sent, Facts(order_stream(order_id())), {}, DecisionContext(now))
    assert isinstance(held, ImportHeld)
    assert held.held_at == (written_at if held_at == "the message" else datetime.fromisoformat(held_at))


def test_a_parcel_that_is_held_again_and_again_is_a_case_and_no_more_facts() -> None:
    written_at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    sent, facts = SentMessage(UUID(GUID), order_id(), 1, "CEB621", written_at), Facts(order_stream(order_id()))
    context = DecisionContext(datetime(2026, 11, 23, 12, tzinfo=UTC))
    for minute in range(MOST_HOLDS + 10):
        receipt = polled(later(returnStatus="500", returnTime=f"202611231{7 + minute // 60}{minute % 60:02}00"))
        for event in receipt_events(receipt, sent, facts, {}, context):
            facts.add(event)
    assert len(facts.all(ImportHeld)) == MOST_HOLDS
    (opened,) = facts.all(CaseOpened)
    assert (opened.case, opened.reason) == ("needs_attention:receipt:1", "receipt:too_many_holds")
    again = polled(later(returnStatus="500", returnTime="20261123170000"))
    assert all(event in facts for event in receipt_events(again, sent, facts, {}, context))
    assert not any(isinstance(event, CaseOpened) for event in receipt_events(again, sent, facts, {}, context))


@pytest.mark.parametrize(
    ("status", "number", "declared"),
    [("120", "22442026I000000007", True), ("800", "22442026I000000007", True), ("120", "", False), ("100", "1", False)],
)
def test_of_an_inventory_that_a_broker_sends_its_receipts_say_that_it_is_declared(
    status: str, number: str, declared: bool
) -> None:
    sent, facts = SentMessage(UUID(GUID), order_id(), 1, "CEB621", PLACED_AT), Facts(order_stream(order_id()))
    context = DecisionContext(PLACED_AT + timedelta(days=3))
    receipt = polled(later(returnStatus=status, invtNo=number))
    facts_of_it = receipt_events(receipt, sent, facts, {}, context)
    numbers = [event.declaration_number for event in facts_of_it if isinstance(event, ImportDeclared)]
    assert numbers == ([number] if declared else [])
    for event in facts_of_it:
        facts.add(event)
    assert not any(
        isinstance(event, ImportDeclared) for event in receipt_events(receipt, sent, facts, {}, context) if declared
    )


def test_a_cancellation_is_followed_to_its_approval() -> None:
    sent, facts = SentMessage(UUID(GUID), order_id(), 1, "CEB623", PLACED_AT), Facts(order_stream(order_id()))
    context = DecisionContext(PLACED_AT + timedelta(days=3))

    def events_of(status: str) -> list[Event]:
        return receipt_events(polled(later(messageType="CEB624", returnStatus=status)), sent, facts, {}, context)

    (rejected,) = events_of("100")
    assert isinstance(rejected, CaseOpened)
    assert (rejected.case, rejected.reason, rejected.action) == (
        "needs_attention:cancellation:1",
        "CEB624:100",
        "look_into",
    )
    facts.add(rejected)
    assert events_of("120") == []
    (settled,) = events_of("399")
    assert isinstance(settled, CaseClosed)
    assert (settled.case, settled.resolution) == (rejected.case, "answered")
