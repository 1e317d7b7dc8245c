"""Tax bills of import customs: read from its messages, and compared with the tax that the order was placed with."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from contracts.base import Money
from contracts.cases import CaseClosed, CaseOpened
from services.customs.destinations.cn.receipt_events import receipt_events
from services.customs.destinations.cn.receipt_matching import MessageKey, message_key
from services.customs.destinations.cn.receipt_parsing import read_page
from services.customs.destinations.cn.receipts import (
    BilledArticle,
    PageEntry,
    SentMessage,
    TaxBill,
    Taxes,
    UnreadableReceipt,
)
from services.customs.destinations.cn.tax_bills import BILL_STATUS, Collected, collected, given_at
from services.customs.domain.cases import attention
from shared.ledger.facts import DecisionContext, Facts
from tests.support.bad_receipts import GOLDEN
from tests.support.ceb_specification import needs_specification, official_schema
from tests.support.customs_model import NOW, World
from tests.support.customs_samples import PLACED_AT, order_id, packed, parcel, placed, recorded

MADE, VOID = ((GOLDEN / f"{kind}.xml").read_bytes() for kind in ("CEB816", "CEB818"))


def read(body: bytes) -> PageEntry:
    page = {"receipts": [{"cursor": "7", "message": base64.b64encode(body).decode()}]}
    (entry,) = read_page(json.dumps(page).encode()).entries
    return entry


def bill(body: bytes = MADE) -> TaxBill:
    entry = read(body)
    assert isinstance(entry, TaxBill)
    return entry


@pytest.mark.parametrize("stated", [None, datetime(2126, 1, 1, tzinfo=UTC), NOW.now + timedelta(days=1, seconds=1)])
def test_a_bill_of_a_time_to_come_pins_no_status(stated: datetime | None) -> None:
    """Of two statuses the one given later counts: one of the year 2126 would count for a century."""
    assert given_at(replace(bill(), returned_at=stated), NOW.now) == NOW.now


@pytest.mark.parametrize("stated", [NOW.now + timedelta(days=1), NOW.now, NOW.now - timedelta(days=400)])
def test_a_bill_counts_from_when_it_was_given(stated: datetime) -> None:
    assert given_at(replace(bill(), returned_at=stated), NOW.now) == stated


def test_a_bill_names_the_taxes_of_each_article() -> None:
    taxes = Taxes(Decimal(0), Decimal("99.56"), Decimal("114.88"))
    assert bill().taxes == taxes
    assert taxes.total == Decimal("214.44")
    assert bill().articles == (BilledArticle(1, "3304990039", Decimal("930.00000"), taxes),)
    assert (bill().status, bill(VOID).status, bill(VOID).taxes) == ("1", "3", None)
    keys = {message_key(entry.message_type, entry.keys) for entry in (bill(), bill(VOID))}
    assert keys == {MessageKey("CEB621", "number", "22442026I000000001")}
    assert bill().tax_no == bill(VOID).tax_no


@needs_specification
@pytest.mark.parametrize("kind", ["CEB816", "CEB818"])
def test_the_samples_are_valid_by_the_single_windows_own_schema(kind: str) -> None:
    official_schema().assertValid(etree.parse(GOLDEN / f"{kind}.xml"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<customsTax>0<", "<customsTax>-1<", "tax_amount"),
        ("<valueAddedTax>99.56<", "<valueAddedTax>NaN<", "tax_amount"),
        ("<taxPrice>930.00000<", "<taxPrice>9e3<", "tax_amount"),
        ("<gnum>1<", "<gnum>one<", "tax_article"),
        ("<gcode>3304990039<", "<gcode>33049900<", "tax_article"),
        ("<status>1<", "<status>4<", "tax_bill"),
        ("<taxNo>22442026I000000001-L01<", "<taxNo><", "tax_bill"),
        ("<invtNo>22442026I000000001<", "<invtNo>a b<", "tax_bill"),
        ("TaxHeadRd>", "Head>", "tax_bills"),
    ],
)
def test_a_bill_that_is_none_is_set_aside(old: str, new: str, reason: str) -> None:
    entry = read(MADE.decode().replace(old, new).encode())
    assert isinstance(entry, UnreadableReceipt)
    assert entry.reason == reason


@given(st.data())
def test_no_damage_breaks_the_reader(data: st.DataObject) -> None:
    body = bytearray(MADE)
    offset = data.draw(st.integers(0, len(body) - 1))
    body[offset : offset + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
    page = {"receipts": [{"cursor": "7", "message": base64.b64encode(bytes(body)).decode()}]}
    assert {entry.cursor for entry in read_page(json.dumps(page).encode()).entries} == {"7"}


def facts(tax: str = "100.00") -> Facts:
    """An order of one parcel that was placed with so much tax, in yuan."""
    order = placed()
    money = Money(amount=Decimal(tax), currency="CNY")
    amounts = {name: Money(amount=getattr(order, name).amount, currency="CNY") for name in ("freight", "discount")}
    lines = tuple(
        line.model_copy(update={"unit_price": Money(amount=line.unit_price.amount, currency="CNY")})
        for line in order.lines
    )
    total = Money(amount=order.total.amount - order.tax.amount + money.amount, currency="CNY")
    changed = order.model_copy(update={**amounts, "lines": lines, "tax": money, "total": total})
    return World().consume(changed, recorded(), packed(parcel(1, (1, 1)))).facts


def events(entry: TaxBill, known: Facts) -> list[object]:
    sent = SentMessage(order_id(), order_id(), 1, "CEB621", PLACED_AT)
    return list(receipt_events(entry, sent, known, {}, NOW))


def billed(total: str) -> TaxBill:
    return replace(bill(), taxes=Taxes(Decimal(0), Decimal(total), Decimal(0)))


@pytest.mark.parametrize("total", ["100.00", "100.01", "99.99", "100.00500"])
def test_a_fen_is_no_difference(total: str) -> None:
    assert collected(facts(), 1) == Collected(Decimal("100.00"), Decimal("0.02"))
    assert events(billed(total), facts()) == []


@pytest.mark.parametrize(
    ("total", "reason"),
    [("100.03", "tax_bill_higher"), ("101.00", "tax_bill_higher"), ("99.00", "tax_bill_lower")],
)
def test_what_differs_by_more_than_rounding_explains_is_a_case(total: str, reason: str) -> None:
    (opened,) = events(billed(total), facts())
    assert isinstance(opened, CaseOpened)
    assert (opened.case, opened.reason, opened.action) == (
        "needs_attention:tax_difference:1:22442026I000000001-L01",
        reason,
        "look_into",
    )


def test_a_tax_in_euros_is_exact_to_a_cent_only() -> None:
    known = World().consume(placed(tax="3.37"), recorded(), packed(parcel(1, (1, 1)))).facts
    share = collected(known, 1)
    assert share is not None
    assert share.tolerance == Decimal("0.10")
    assert events(billed(str(share.amount - Decimal("0.09"))), known) == []
    assert len(events(billed(str(share.amount - Decimal("0.11"))), known)) == 1


def test_what_becomes_of_a_bill_is_no_second_difference() -> None:
    assert events(replace(billed("150.00"), message_type=BILL_STATUS, status="2"), facts()) == []


def test_a_void_bill_ends_its_case_and_the_next_one_is_judged_anew() -> None:
    known = facts()
    known.add(attention(order_id(), "tax_difference", "1:22442026I000000001-L01", "tax_bill_higher", NOW))
    (closed,) = events(bill(VOID), known)
    assert isinstance(closed, CaseClosed)
    assert (closed.case, closed.resolution) == ("needs_attention:tax_difference:1:22442026I000000001-L01", "void")
    known.add(closed)
    assert events(bill(VOID), known) == []
    (again,) = events(billed("150.00"), known)
    assert isinstance(again, CaseOpened)
    assert again.case == "needs_attention:tax_difference:1:22442026I000000001-L01:2"


def test_each_of_two_bills_has_a_case_of_its_own() -> None:
    known = facts()
    numbers = ("22442026I000000001-L01", "22442026I000000001-L02", "L/03", "9" * 50)
    for number in numbers:
        (opened,) = events(replace(billed("150.00"), tax_no=number), known)
        assert isinstance(opened, CaseOpened)
        known.add(opened)
    assert len(known.all(CaseOpened)) == len(numbers)
    (closed,) = events(replace(bill(VOID), tax_no="L/03"), known)
    assert isinstance(closed, CaseClosed)
    assert closed.case.startswith("needs_attention:tax_difference:1:")
    assert "/" not in closed.case


def test_a_bill_without_taxes_or_of_an_order_that_is_not_known_yet_says_nothing() -> None:
    assert events(replace(bill(), taxes=None), facts()) == []
    assert collected(Facts(facts().stream), 1) is None
    assert events(billed("150.00"), Facts(facts().stream)) == []


def test_the_case_of_a_tax_difference_outlives_the_parcels_release() -> None:
    work = attention(order_id(), "tax_difference", "1", "tax_bill_higher", DecisionContext(PLACED_AT))
    world = World().consume(placed(), recorded(), packed(), work)
    assert CaseClosed not in world.facts
