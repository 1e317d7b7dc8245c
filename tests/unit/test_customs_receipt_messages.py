"""Messages of receipts as e-port writes them: a hundred answers in one, each to its own parcel, and bad ones alone."""

from __future__ import annotations

import base64
import json
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from services.customs.destinations.cn import received
from services.customs.destinations.cn.ceb import guid
from services.customs.destinations.cn.receipt_matching import (
    ANSWERS,
    Match,
    MessageKey,
    about,
    keys_of,
    match,
    match_all,
    message_key,
)
from services.customs.destinations.cn.receipt_parsing import (
    KEPT_BYTES,
    cursors_in,
    read_page,
    read_receipt,
    unreadable_alone,
)
from services.customs.destinations.cn.receipt_statuses import (
    ERROR,
    ERRORS,
    FAILED,
    OTHER_HOLD,
    STATUSES,
    UNKNOWN,
    Status,
    case_reason,
    status_of,
    table,
)
from services.customs.destinations.cn.receipt_xml import BYTES, NotReceipts, keys_in, read_message
from services.customs.destinations.cn.receipts import (
    PolledReceipt,
    ReceiptKeys,
    ReceiptPage,
    SentMessage,
    UnreadableReceipt,
)
from services.customs.domain.export import Unreadable
from tests.support.bad_receipts import BAD, GOLDEN, INVENTORIES, hundred
from tests.support.ceb_specification import needs_specification, official_schema
from tests.support.customs_samples import PLACED_AT, order_id

KEYS: dict[str, list[MessageKey | None]] = {
    "CEB312": [
        MessageKey("CEB311", "order", "TM1-1", "3105960001"),
        MessageKey("CEB311", "order", "TM2-1", "3105960001"),
    ],
    "CEB412": [MessageKey("CEB411", "payment", "2026112422001", "312226T001")],
    "CEB512": [
        MessageKey("CEB511", "waybill", "CC000000001FR", "3105980002"),
        MessageKey("CEB511", "waybill", "CC000000002FR", "3105980002"),
    ],
    "CEB622": [MessageKey("CEB621", "cop_no", number) for number in ("TM1-1", "TM2-1", "TM3-1", "TM1-1")],
    "CEB624": [MessageKey("CEB623", "cop_no", "TM1-1")],
    "CEB626": [MessageKey("CEB625", "cop_no", "TM1-1"), MessageKey("CEB625", "cop_no", "TM2-1")],
    "CEB712": [None],
    "CEB900": [MessageKey("", "guid", "4cde1cfd-eded-46b1-946c-b8022e42fc94")],
}


def item(body: bytes, cursor: object = "7") -> dict[str, Any]:
    return {"cursor": cursor, "message": base64.b64encode(body).decode()}


def page_of(*items: object, following: str | None = None) -> ReceiptPage:
    return read_page(json.dumps({"receipts": items, "next": following}).encode())


def polled(body: bytes) -> list[PolledReceipt]:
    entries = page_of(item(body)).entries
    assert all(isinstance(entry, PolledReceipt) for entry in entries)
    return [entry for entry in entries if isinstance(entry, PolledReceipt)]


@pytest.mark.parametrize("kind", KEYS)
def test_each_answer_names_its_own_message_and_none_by_a_guid(kind: str) -> None:
    """The guids in receipts are made by e-port; only a format error names that of the message."""
    receipts = polled((GOLDEN / f"{kind}.xml").read_bytes())
    assert [receipt.message_type for receipt in receipts] == [kind] * len(KEYS[kind])
    keys = [message_key(receipt.message_type, receipt.keys) for receipt in receipts]
    assert sorted(keys, key=str) == sorted(KEYS[kind], key=str)
    assert all(status_of(receipt.status, kind).meaning != "unknown" for receipt in receipts)


@needs_specification
@pytest.mark.parametrize("kind", KEYS)
def test_the_samples_are_valid_by_the_single_windows_own_schema(kind: str) -> None:
    official_schema().assertValid(etree.parse(GOLDEN / f"{kind}.xml"))


def test_the_answers_of_a_message_are_read_in_the_order_in_which_customs_gave_them() -> None:
    receipts = polled(INVENTORIES)
    assert [(receipt.keys.cop_no, receipt.status) for receipt in receipts] == [
        ("TM1-1", "120"),
        ("TM2-1", "500"),
        ("TM3-1", "-621005"),
        ("TM1-1", "800"),
    ]
    assert [receipt.key for receipt in receipts] == ["7", "7 1", "7 2", "7 3"]
    assert [receipt.last for receipt in receipts] == [False, False, False, True]
    assert [receipt.keys.number for receipt in receipts] == [
        "B20261124000000001",
        "22442026I000000002",
        "B20261124000000003",
        "22442026I000000001",
    ]


def test_a_hundred_answers_in_one_message_are_each_its_own_parcels() -> None:
    receipts = polled(hundred())
    assert {receipt.keys.cop_no for receipt in receipts} == {f"TM{n}-1" for n in range(100)}
    assert len({receipt.key for receipt in receipts}) == 100
    assert len(keys_of(receipts)) == 100


@pytest.mark.parametrize("kind", BAD)
def test_a_message_that_cannot_be_read_stands_alone_among_the_others(kind: str) -> None:
    reason, body = BAD[kind]
    page = page_of(item(INVENTORIES, "1"), item(body, "2"), item(INVENTORIES, "3"))
    bad = page.entries[4]
    assert isinstance(bad, UnreadableReceipt)
    assert (bad.cursor, bad.last, bad.reason, bad.size) == ("2", True, reason, len(body))
    assert bad.body == body[:KEPT_BYTES]
    assert [entry.cursor for entry in page.entries] == ["1"] * 4 + ["2"] + ["3"] * 4


@pytest.mark.parametrize("kind", ["ten megabytes", "GBK", "DTD", "entity", "cut"])
def test_the_parcels_of_a_message_that_cannot_be_read_are_found_by_the_numbers_in_it(kind: str) -> None:
    (bad,) = page_of(item(BAD[kind][1])).entries
    assert isinstance(bad, UnreadableReceipt)
    assert {"TM1-1"} <= {keys.cop_no for keys in bad.keys}
    assert {keys.cop_no for keys in keys_in(BAD["cut"][1])} == {"TM1-1", "TM2-1", "TM3-1"}


@pytest.mark.parametrize(
    ("strange", "reason", "cursor"),
    [
        (None, "no_object", None),
        (7, "no_object", None),
        ({"message": "x"}, "no_cursor", None),
        ({"cursor": "a b", "copNo": "TM1-1", "returnStatus": "800"}, "no_cursor", None),
        ({"cursor": "2", "message": None}, "no_message", "2"),
        ({"cursor": "2", "message": "<CEB622Message/>"}, "not_base64", "2"),
    ],
)
def test_what_is_no_message_at_all_stands_alone_among_the_others(
    strange: object, reason: str, cursor: str | None
) -> None:
    first, bad, last = page_of({"cursor": "1"}, strange, {"cursor": "3"}).entries
    assert (first.cursor, last.cursor) == ("1", "3")
    assert isinstance(bad, UnreadableReceipt)
    assert (bad.reason, bad.cursor) == (reason, cursor)


def test_a_page_behind_which_nobody_could_read_on_is_none() -> None:
    with pytest.raises(Unreadable):
        page_of({"cursor": "1"}, None)
    assert page_of({"cursor": "1"}, None, following="2").next == "2"


def test_a_page_that_cannot_be_read_is_told_by_the_cursors_in_its_bytes() -> None:
    page = b'{"receipts": [{"cursor": "7", "copNo": "TM1-1", "returnInfo": "\xb7\xc5\\"cursor\\": \\"9\\"'
    assert cursors_in(page) == ["7"]
    bad = unreadable_alone("7", page)
    assert (bad.cursor, bad.reason, bad.body, [keys.cop_no for keys in bad.keys]) == ("7", "page", page, ["TM1-1"])
    assert cursors_in(b'[{"cursor":"1"},{ "cursor" : 2, },{"cursor":"1"}') == ["1", "2"]
    assert cursors_in(b'{"cursor": 12') == []
    assert cursors_in(b"<!DOCTYPE html>") == []


def test_of_a_page_cut_in_the_middle_the_message_is_what_is_kept() -> None:
    cut = json.dumps({"receipts": [item(INVENTORIES)]}).encode()[:2001]
    bad = unreadable_alone("7", cut)
    assert INVENTORIES.startswith(bad.body)
    assert bad.keys[0].cop_no == "TM1-1"


@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(0, 4))
def test_no_message_holds_up_another(bodies: list[bytes], place: int) -> None:
    items = [item(body, cursor) for cursor, body in enumerate(bodies)]
    items.insert(place, item(INVENTORIES, 99))
    statuses = [entry.status for entry in page_of(*items).entries if isinstance(entry, PolledReceipt)]
    assert statuses == ["120", "500", "-621005", "800"]


@given(st.data())
def test_no_damage_breaks_the_reader(data: st.DataObject) -> None:
    body = bytearray(INVENTORIES)
    for _ in range(data.draw(st.integers(1, 5))):
        offset = data.draw(st.integers(0, len(body) - 1))
        body[offset : offset + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
    entries = page_of(item(bytes(body))).entries
    assert entries
    assert entries[-1].last
    for entry in entries:
        assert entry.cursor == "7"
        if isinstance(entry, PolledReceipt):
            assert len(entry.info) <= 2000
            message_key(entry.message_type, entry.keys)


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3)))
def test_no_value_in_a_page_breaks_the_reader(value: object) -> None:
    for strange in (value, {"cursor": value}, {"cursor": "1", "message": value}, {"cursor": "1", "copNo": value}):
        page = page_of({"cursor": "0"}, strange, following="2")
        assert page.entries[0].cursor == "0"
        assert len(page.entries) == 2


def test_bytes_beyond_the_bound_are_not_parsed() -> None:
    with pytest.raises(NotReceipts, match="too_large"):
        read_message(b" " * (BYTES + 1))


def test_an_answer_given_at_once_may_stand_among_others() -> None:
    assert read_receipt((GOLDEN / "CEB624.xml").read_bytes()).status == "399"
    assert read_receipt((GOLDEN / "CEB900.xml").read_bytes()).format_error


def sent(name: str, number: str | None = None) -> SentMessage:
    return SentMessage(UUID(int=1), order_id(name), 1, "CEB621", PLACED_AT, number)


def answer(**keys: str) -> PolledReceipt:
    return PolledReceipt("1", 0, True, ReceiptKeys(**keys), "CEB622", "800", PLACED_AT, "")  # type: ignore[arg-type]


NUMBER, OTHER, PRELIMINARY = "22442026I000000001", "22442026I000000002", "B20261124000000001"


@pytest.mark.parametrize(
    ("known", "named", "expected"),
    [
        ([None], {}, 0),
        ([NUMBER], {}, 0),
        ([NUMBER], {"invt_no": NUMBER}, 0),
        ([NUMBER], {"pre_no": PRELIMINARY}, 0),
        ([PRELIMINARY], {"pre_no": PRELIMINARY, "invt_no": NUMBER}, 0),
        ([NUMBER], {"invt_no": OTHER}, "another_declaration"),
        ([NUMBER], {"invt_no": "none"}, 0),
        ([PRELIMINARY], {"pre_no": "B20261124000000002"}, "another_declaration"),
        ([None, None], {}, "several_messages"),
        ([NUMBER, OTHER], {}, "several_messages"),
        ([NUMBER, OTHER], {"invt_no": OTHER}, 1),
        ([NUMBER, None], {"invt_no": NUMBER}, 0),
        ([NUMBER, None], {"invt_no": OTHER}, 1),
        ([], {"invt_no": NUMBER}, None),
    ],
)
def test_the_numbers_of_customs_decide_once_they_are_known(
    known: list[str | None], named: dict[str, str], expected: int | str | None
) -> None:
    messages = [sent(str(n), number) for n, number in enumerate(known)]
    matched = match(answer(cop_no="TM1-1", **named), {MessageKey("CEB621", "cop_no", "TM1-1"): messages})
    bad = UnreadableReceipt.unassigned(answer(cop_no="TM1-1", **named), str(matched.doubt))
    assert (bad.cursor, bad.reason, bad.keys[0].cop_no) == ("1", str(matched.doubt), "TM1-1")
    assert matched.stored_with == matched.message
    match expected:
        case int():
            assert matched == Match(messages[expected])
        case str():
            assert matched == Match(None, tuple(messages), expected)  # type: ignore[arg-type]
        case None:
            assert matched == Match(None)


@pytest.mark.parametrize(
    ("version", "minutes", "kind", "of_it"),
    [
        (2, -6, "CEB622", False),
        (2, -4, "CEB622", True),
        (2, 60, "CEB622", True),
        (1, -600, "CEB622", True),
        (2, -6, "CEB900", True),
    ],
)
def test_what_was_said_before_a_version_was_written_is_not_said_of_it(
    version: int, minutes: int, kind: str, of_it: bool
) -> None:
    message = replace(sent("a"), guid=guid(order_id("a"), 1, "CEB621", version), version=version)
    receipt = replace(answer(cop_no="TM1-1"), returned_at=PLACED_AT + timedelta(minutes=minutes), message_type=kind)
    keys = ReceiptKeys(cop_no="TM1-1", guid=message.guid)
    key = message_key(kind, keys)
    assert key is not None
    matched = match(replace(receipt, keys=keys), {key: [message]})
    assert matched == (Match(message) if of_it else Match(None, (message,), "earlier_version"))
    assert matched.stored_with == message
    assert match(replace(receipt, keys=keys, returned_at=None), {key: [message]}) == Match(message)
    assert match(replace(receipt, keys=keys), {key: [replace(message, written_at=None)]}).message is not None


def test_a_receipt_of_no_message_is_told_by_its_type_and_a_number_that_is_no_persons() -> None:
    descriptions = [
        about(answer(cop_no="C", order_no="O")),
        about(replace(answer(order_no="O"), message_type="CEB312")),
        about(replace(answer(pay_code="P", pay_transaction_id="T"), message_type="CEB412")),
        about(replace(answer(guid=UUID(int=1)), message_type="CEB900")),  # type: ignore[arg-type]
        about(answer()),
    ]
    assert descriptions == ["CEB622 C", "CEB312 O", "CEB412 P", f"CEB900 {UUID(int=1)}", "CEB622 "]
    assert len(about(answer(cop_no="C" * 200))) == 100


def test_what_is_said_of_an_orders_document_is_its_first_parcels() -> None:
    """Where the payment is not split, the parcels of an order have one order number."""
    parcels = [replace(sent("a"), parcel=number, type="CEB311") for number in (2, 1)]
    receipt = replace(answer(ebp_code="E", order_no="TM1"), message_type="CEB312")
    assert match(receipt, {MessageKey("CEB311", "order", "TM1", "E"): parcels}) == Match(parcels[1])


def test_a_number_that_one_receipt_gives_is_known_to_the_next() -> None:
    first, other = answer(cop_no="TM1-1", invt_no=NUMBER), answer(cop_no="TM1-1", invt_no=OTHER)
    receipts = [replace(receipt, place=n) for n, receipt in enumerate((first, other, first))]
    (message,) = messages = [sent("a")]
    matches = match_all(receipts, {MessageKey("CEB621", "cop_no", "TM1-1"): messages})
    numbered = replace(message, number=NUMBER)
    assert list(matches.values()) == [
        Match(message),
        Match(None, (numbered,), "another_declaration"),
        Match(numbered),
    ]


def test_a_receipt_that_names_nothing_is_nobodys() -> None:
    assert match(answer(), {MessageKey("CEB621", "cop_no", ""): [sent("a")]}) == Match(None)
    assert message_key("CEB312", ReceiptKeys(order_no="TM1-1")) is None


@pytest.mark.parametrize(
    ("known", "named", "better"),
    [
        (None, {}, None),
        (None, {"pre_no": PRELIMINARY}, PRELIMINARY),
        (PRELIMINARY, {"pre_no": PRELIMINARY}, None),
        (PRELIMINARY, {"pre_no": PRELIMINARY, "invt_no": NUMBER}, NUMBER),
        (NUMBER, {"pre_no": PRELIMINARY}, None),
        (None, {"invt_no": "anything"}, None),
    ],
)
def test_the_number_of_customs_replaces_the_preliminary_one(
    known: str | None, named: dict[str, str], better: str | None
) -> None:
    assert ReceiptKeys(**named).better_number(known) == better  # type: ignore[arg-type]


SPECIFIED = {
    **dict.fromkeys(("CEB312", "CEB412", "CEB512", "CEB624", "CEB626"), "2 3 4 100 120 399"),
    "CEB514": "2 3 4 100 399",
    "CEB622": "1 2 3 4 100 120 300 399 800 899 500 501 502 503 599 700",
    "CEB712": "1 2 3 4 100 120 399",
}
"""The annotations of returnStatus in the single window's schema (2022-05)."""


def test_the_table_of_statuses_is_the_specifications() -> None:
    rows = {receipt: {status for of, status in STATUSES if of == receipt} for receipt in SPECIFIED}
    assert rows == {receipt: set(statuses.split()) for receipt, statuses in SPECIFIED.items()}
    assert set(SPECIFIED) == set(ANSWERS) - {"CEB816", "CEB818", "CEB900"} | {"CEB712"}


COLUMNS = [column.name for column in fields(Status)]


@pytest.mark.parametrize("change", [{"meaning": "perhaps"}, {}])
def test_a_table_with_a_meaning_that_there_is_not_or_a_status_twice_is_refused(change: dict[str, str]) -> None:
    row = dict.fromkeys(COLUMNS, "") | {"status": "1", "of": ["CEB622"], "meaning": "held"}
    with pytest.raises(ValueError, match=r"no such meaning|twice"):
        table({"statuses": [row, {**row, **change}], "errors": []})


@pytest.mark.parametrize("missing", ["paper", "mend", "then"])
def test_a_table_without_a_column_is_refused(missing: str) -> None:
    row = dict.fromkeys(COLUMNS, "") | {"status": "1", "of": ["CEB622"], "meaning": "held"}
    del row[missing]
    with pytest.raises(TypeError, match=missing):
        table({"statuses": [row], "errors": []})


def test_every_status_and_error_says_whose_work_it_is_what_is_to_be_mended_and_what_happens_then() -> None:
    others = (*ERRORS.values(), UNKNOWN, ERROR, OTHER_HOLD)
    for row in (*STATUSES.values(), *others):
        texts = {column: getattr(row, column) for column in ("whose", "paper", "mend", "then")}
        assert all(text.strip() for text in texts.values()), row
    for status in STATUSES.values():
        assert status.says, status
        assert status.follows, status
        work = status.whose == "operator"
        assert work is (status.meaning in {*FAILED, "held"}), status
        assert work is (status.paper != "none"), status
        assert work is not status.mend.startswith("nothing"), status


def test_the_verdicts_are_the_operators_work_with_the_paper_and_what_follows() -> None:
    refused, sent_back = status_of("100"), status_of("700")
    assert (refused.whose, sent_back.whose) == ("operator", "operator")
    assert "the field" in refused.paper
    assert "retry" in refused.mend
    assert "another version" in refused.then
    assert sent_back.paper.startswith("CEB621")
    assert "sent back" in sent_back.mend
    assert "ends the case" in sent_back.then


def test_a_receipt_of_a_refusal_is_shown_with_all_columns() -> None:
    shown = received(1, "CEB622", "100", None)
    row = status_of("100")
    assert (shown.error, shown.paper, shown.mend, shown.then) == (None, row.paper, row.mend, row.then)
    named, known = received(1, "CEB622", "-621018", None), ERRORS["-621018"]
    assert (named.error, named.paper, named.mend, named.then) == (known.name, known.paper, known.mend, known.then)


def test_the_end_of_a_cancellation_and_of_a_return_is_399() -> None:
    assert [status_of("399", of).meaning for of in ("CEB624", "CEB626", "CEB622")] == ["approved"] * 2 + ["under_way"]
    assert [status_of("800", of).meaning for of in ("CEB624", "CEB626", "CEB622")] == ["unknown"] * 2 + ["cleared"]


def test_errors_go_by_their_names() -> None:
    assert case_reason("CEB622", "-621018") == "CEB622:over_yearly_limit"
    assert case_reason("CEB622", "-621999") == "CEB622:minus621999"
    assert all(status_of(code).meaning == "error" for code in ERRORS)
