"""Lots: what a receipt states, which are packed where one alone can be meant, and how many there are by the facts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from contracts.base import RECEIPT, WRITE_OFF, Event, Stream, order_stream
from contracts.vocabularies import UnitIdentity
from contracts.warehouse import (
    OrderWithdrawn,
    PackedLot,
    ParcelHandedOver,
    StockReserved,
    StockWrittenOff,
    UnitsPacked,
    UnitsReturned,
)
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import book_return, pack, report_shortage
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.goods import RECEIPT_LINES, GoodsReceipt, Product, check_lots, check_receipt
from services.warehouse.domain.lots import (
    EMPTY,
    Lot,
    Shelf,
    booked_lots,
    lots_of_order,
    lots_of_receipt,
    lots_of_write_off,
    with_only_lots,
)
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.packing import Box, Scanned
from services.warehouse.domain.stock import LotQuantity, Movement, SkuLot, SkuQuantity, StockLevels
from services.warehouse.domain.units import has_known_units, packed_units, repacked_units, units_received
from shared.ledger.facts import DecisionContext, Facts
from tests.support.warehouse_samples import LATER, NET, NOW, ORDER, placed

GTIN, SSCC, OTHER_SSCC = "03245678901236", "095200000000000017", "095200000000000024"
SOAP, HONEY = "SAVON-200", "MIEL-500"


def lot(name: str, received: int = 10, packed: int = 0, sku: str = SOAP) -> Lot:
    return Lot(sku, name, GTIN, received=received, packed=packed)


def shelf(*lots: Lot, whole: Sequence[str] = (SOAP,)) -> Shelf:
    return Shelf({(lot.sku, lot.lot): lot for lot in lots}, whole)


def of(**quantities: int) -> tuple[LotQuantity, ...]:
    return tuple(LotQuantity(name, quantity) for name, quantity in quantities.items())


def packed_lots(**quantities: int) -> tuple[PackedLot, ...]:
    return tuple(PackedLot(gtin=GTIN, lot=name, quantity=quantity, sku=SOAP) for name, quantity in quantities.items())


def faults_of(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as raised:
        act()
    return [(fault.field, fault.rule) for fault in raised.value.faults]


# --- receipts ---


def product(identity: UnitIdentity = "lot", sku: str = SOAP) -> Product:
    return Product(
        sku, GTIN[1:], "340111", "FR", 200, 90, 60, 30, Decimal("12.50"), "EUR", "savonnerie", identity, True
    )


def receipt(quantity: int, *lots: LotQuantity, stated: bool = True) -> GoodsReceipt:
    return GoodsReceipt(
        "savonnerie", "BL-1", (SkuQuantity(SOAP, quantity),), NOW, lots={SOAP: tuple(lots)} if stated else {}
    )


@pytest.mark.parametrize(
    ("identity", "coming", "expected"),
    [
        ("lot", receipt(2, stated=False), [("lines[0].lots", "lots_of_packs")]),
        ("lot", receipt(2), [("lines[0].lots", "lots_of_packs")]),
        ("lot", receipt(3, *of(A=1, B=1)), [("lines[0].lots", "all_units")]),
        ("lot", receipt(2, *of(A=1), *of(A=1)), [("lines[0].lots[0].lot", "once"), ("lines[0].lots[1].lot", "once")]),
        ("lot", receipt(501, *(LotQuantity(f"L{n}", 1) for n in range(501))), [("lines", "lots_of_receipt")]),
        ("none", receipt(2, *of(A=2)), [("lines[0].lots", "lots_of_product")]),
        ("serial", receipt(2, *of(A=1, B=1)), [("lines[0].lots", "one_lot")]),
        ("serial", receipt(2, *of(A=1)), [("lines[0].lots", "all_units")]),
    ],
)
def test_each_fault_of_the_lots_of_a_receipt_is_named(
    identity: UnitIdentity, coming: GoodsReceipt, expected: list[tuple[str, str]]
) -> None:
    assert faults_of(lambda: check_receipt(coming, {SOAP: product(identity)})) == expected


def test_a_receipt_publishes_a_line_for_each_lot() -> None:
    coming = replace(receipt(5, *of(A=2, B=3)), lines=(SkuQuantity(SOAP, 5), SkuQuantity(HONEY, 1)))
    products = {SOAP: product(), HONEY: product("none", HONEY)}
    check_receipt(coming, products)
    fact = coming.received(products)
    assert [(line.sku, line.quantity, line.lot, line.gtin) for line in fact.lines] == [
        (SOAP, 2, "A", GTIN),
        (SOAP, 3, "B", GTIN),
        (HONEY, 1, None, None),
    ]
    facts = Facts(Stream(RECEIPT, coming.id), [fact])
    assert booked_lots(facts) == {SOAP: of(A=2, B=3)}
    assert lots_of_receipt(facts) == [Lot(SOAP, "A", GTIN, received=2), Lot(SOAP, "B", GTIN, received=3)]
    assert len(fact.lines) <= RECEIPT_LINES


@pytest.mark.parametrize(("identity", "lots"), [("serial", of(A=2)), ("serial", None), ("none", None)])
def test_other_goods_need_no_lot(identity: UnitIdentity, lots: tuple[LotQuantity, ...] | None) -> None:
    coming = receipt(2, *(lots or ()), stated=lots is not None)
    goods = {SOAP: product(identity)}
    check_receipt(coming, goods)
    assert [(line.quantity, line.lot) for line in coming.received(goods).lines] == [(2, None)]


def test_the_lot_of_units_with_serials_is_published_with_them() -> None:
    events = units_received(UUID(int=5), NOW, [(SOAP, GTIN, "A", ["1", "2"], False), (HONEY, GTIN, None, ["3"], False)])
    facts = Facts(Stream(RECEIPT, UUID(int=5)), events)
    assert booked_lots(facts) == {SOAP: of(A=2)}
    assert lots_of_receipt(facts) == [], "where they are their serials say"


def test_a_receipt_states_its_lots_as_it_was_booked_or_none() -> None:
    check_lots(receipt(3, *of(B=2, A=1)), {SOAP: of(A=1, B=2)})
    check_lots(receipt(3, stated=False), {SOAP: of(A=3)})
    assert faults_of(lambda: check_lots(receipt(3, *of(A=1, B=2)), {SOAP: of(A=2, B=1)})) == [("reference", "once")]
    assert faults_of(lambda: check_lots(receipt(3, *of(A=1, B=2)), {})) == [("reference", "once")]


# --- packing ---

RESERVED = (placed(), StockReserved(order_id=ORDER, occurred_at=NOW))
A, B = lot("A"), lot("B")


def facts_of(*events: Event) -> Facts:
    return Facts(order_stream(ORDER), events)


def boxes(*soap: LotQuantity, honey: tuple[LotQuantity, ...] = ()) -> tuple[Box, Box]:
    return (
        Box((Scanned(1, SOAP, 2, soap),), 500, 300, 200, 100),
        Box((Scanned(2, HONEY, 1, honey),), 700, 300, 200, 100),
    )


@pytest.mark.parametrize(
    ("stated_boxes", "there", "expected"),
    [
        (boxes(*of(A=1)), shelf(A), [("parcels[0].contents[0].lots", "all_units")]),
        (
            boxes(*of(A=1), *of(A=1)),
            shelf(A),
            [("parcels[0].contents[0].lots[0].lot", "once"), ("parcels[0].contents[0].lots[1].lot", "once")],
        ),
        (boxes(*of(C=2)), shelf(A), [("parcels[0].contents[0].lots[0].lot", "known_lot")]),
        (boxes(*of(B=1, A=1)), shelf(A, lot("B", 5, 5)), [("parcels[0].contents[0].lots[0].quantity", "lot_in_stock")]),
        (boxes(honey=of(A=1)), shelf(A), [("parcels[1].contents[0].lots", "lots_of_product")]),
    ],
)
def test_each_fault_of_the_lots_of_a_box_is_named(
    stated_boxes: tuple[Box, Box], there: Shelf, expected: list[tuple[str, str]]
) -> None:
    act = lambda: pack(facts_of(*RESERVED), stated_boxes, NET, NOW, by_lot=[SOAP], shelf=there)  # noqa: E731
    assert faults_of(act) == expected


def test_two_boxes_do_not_hold_the_last_unit_of_a_lot_twice() -> None:
    box, _ = boxes(*of(A=2))
    half = replace(box, contents=(replace(box.contents[0], quantity=1, lots=of(A=1)),))
    _, honey = boxes()
    act = lambda: pack(  # noqa: E731
        facts_of(*RESERVED), [half, half, honey], NET, NOW, by_lot=[SOAP], shelf=shelf(lot("A", 1))
    )
    assert faults_of(act) == [("parcels[1].contents[0].lots[0].quantity", "lot_in_stock")]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (shelf(A), of(A=2)),
        (shelf(A, lot("B", 5, 5)), of(A=2)),
        (shelf(A, B), ()),
        (shelf(A, whole=()), ()),
        (shelf(lot("A", 1)), ()),
        (shelf(lot("A", 2, sku=HONEY), whole=(SOAP, HONEY)), ()),
        (EMPTY, ()),
    ],
)
def test_a_lot_need_not_be_stated_where_no_other_can_be_meant(there: Shelf, expected: tuple[LotQuantity, ...]) -> None:
    soap, _ = with_only_lots(boxes(), there)
    assert soap.contents[0].lots == expected
    assert has_known_units(soap) == bool(expected)


def test_stated_lots_stay() -> None:
    assert with_only_lots(boxes(*of(B=2)), shelf(A))[0].contents[0].lots == of(B=2)


PLAN = pack(facts_of(*RESERVED), boxes(*of(A=1, B=1)), NET, NOW, by_lot=[SOAP], shelf=shelf(A, B))
[PACKED] = packed_units(ORDER, boxes(*of(B=1, A=1)), shelf(A, B), [SSCC], NOW)


def test_a_box_with_lots_is_published_with_them_by_sku_and_lot() -> None:
    assert (PACKED.parcel, PACKED.sscc, PACKED.units, PACKED.lots) == (1, SSCC, (), packed_lots(A=1, B=1))


def test_the_same_boxes_again_are_the_same_and_others_a_conflict() -> None:
    facts = facts_of(*RESERVED, PLAN, PACKED)
    for stated_boxes in (boxes(*of(B=1, A=1)), boxes()):
        assert pack(facts, stated_boxes, NET, LATER) is PLAN, "also where nothing is said"
    with pytest.raises(Refusal, match="with other lots"):
        pack(facts, boxes(*of(A=2)), NET, LATER)
    with pytest.raises(Refusal, match="with other lots"):
        pack(facts_of(*RESERVED, PLAN), boxes(*of(A=2)), NET, LATER)


# --- how many there are ---


def event_fields(hours: int) -> dict[str, object]:
    return {"order_id": ORDER, "occurred_at": NOW + timedelta(hours=hours)}


HANDED_OVER = ParcelHandedOver.model_validate(
    event_fields(1) | {"parcel": 1, "carrier": "laposte", "tracking_number": "T1"}
)


def opened(reason: str, written_off: tuple[PackedLot, ...] = ()) -> UnitsReturned:
    return UnitsReturned.model_validate(
        event_fields(2)
        | {"parcel": 1, "sscc": SSCC, "reason": reason, "lots": packed_lots(B=1), "written_off_lots": written_off}
    )


def counts(*events: Event) -> dict[str, tuple[int, int]]:
    return {lot.lot: (lot.packed, lot.written_off) for lot in lots_of_order(facts_of(*RESERVED, *events))}


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], {"A": (1, 0), "B": (1, 0)}),
        ([HANDED_OVER], {"A": (1, 0), "B": (1, 0)}),
        ([opened("withdrawn")], {"A": (0, 0), "B": (0, 0)}),
        ([opened("withdrawn"), HANDED_OVER], {"A": (1, 0), "B": (1, 0)}),
        ([HANDED_OVER, opened("returned", packed_lots(A=1))], {"A": (0, 1), "B": (0, 0)}),
    ],
)
def test_how_many_are_in_boxes_follows_from_the_set_in_any_order(
    later: list[Event], expected: dict[str, tuple[int, int]]
) -> None:
    for order in itertools.permutations([PLAN, PACKED, *later]):
        assert counts(*order) == expected


def test_a_lot_without_its_product_is_not_counted() -> None:
    nameless = PACKED.model_copy(update={"lots": (PackedLot(gtin=GTIN, lot="A", quantity=1),)})
    assert counts(PLAN, nameless) == {}


def test_lots_of_a_box_that_was_given_up_lie_in_its_successor() -> None:
    given_up, new = repacked_units(PACKED, 3, OTHER_SSCC, LATER)
    assert (given_up.lots, new.lots) == (PACKED.lots, PACKED.lots)
    assert counts(PLAN, PACKED, given_up, new) == {"A": (1, 0), "B": (1, 0)}


def test_the_lots_of_a_withdrawn_order_leave_their_boxes() -> None:
    withdrawn = OrderWithdrawn(order_id=ORDER, occurred_at=LATER, reason="shopper")
    decided = decide(facts_of(*RESERVED, PLAN, PACKED, withdrawn), DecisionContext(LATER))
    assert [(event.reason, event.lots) for event in decided if isinstance(event, UnitsReturned)] == [
        ("withdrawn", PACKED.lots)
    ]


@pytest.mark.parametrize(("reason", "expected"), [("damaged", {"A": 2}), ("returned", {})])
def test_lots_are_written_off_by_their_shortage_and_by_their_return_once(reason: str, expected: dict[str, int]) -> None:
    event = StockWrittenOff(
        order_id=ORDER, occurred_at=NOW, sku=SOAP, quantity=2, reason=reason, number=1, lots=packed_lots(A=2)
    )
    lots = lots_of_write_off(Facts(Stream(WRITE_OFF, event.stream_id), [event]))
    assert {lot.lot: lot.written_off for lot in lots} == expected


def test_what_is_neither_packed_nor_written_off_is_in_stock() -> None:
    assert Lot(SOAP, "A", GTIN, received=10, packed=3, written_off=2).in_stock == 5


# --- shortages and returns ---

STOCK = OrderStock(facts_of(*RESERVED), [Movement(SOAP, "reserved", 2, order_id=ORDER)])
LEVELS = {SOAP: StockLevels(received=5, available=3, reserved=2)}


@pytest.mark.parametrize(
    ("stated_lots", "there", "expected"),
    [
        (of(B=1), shelf(A, B), packed_lots(B=1)),
        ((), shelf(A), packed_lots(A=2)),
        ((), shelf(A, B), ()),
        ((), EMPTY, ()),
    ],
)
def test_of_which_lots_units_are_short_is_published_where_it_is_known(
    stated_lots: tuple[LotQuantity, ...], there: Shelf, expected: tuple[PackedLot, ...]
) -> None:
    short = report_shortage(STOCK, SOAP, 2, "damaged", LEVELS, NOW, stated_lots=stated_lots, shelf=there)
    assert short.written_off.lots == expected


@pytest.mark.parametrize(
    ("stated_lots", "expected"),
    [
        (of(A=2, B=1), [("lots", "at_most_quantity")]),
        ((*of(A=1), *of(A=1)), [("lots[0].lot", "once"), ("lots[1].lot", "once")]),
        (of(C=1), [("lots[0].lot", "known_lot")]),
        (of(EMPTY=1), [("lots[0].quantity", "lot_in_stock")]),
    ],
)
def test_each_fault_of_the_lots_of_a_shortage_is_named(
    stated_lots: tuple[LotQuantity, ...], expected: list[tuple[str, str]]
) -> None:
    there = shelf(A, B, lot("EMPTY", 1, 1))
    act = lambda: report_shortage(STOCK, SOAP, 2, "damaged", LEVELS, NOW, stated_lots=stated_lots, shelf=there)  # noqa: E731
    assert faults_of(act) == expected


def book(sound: int, damaged: int, *damaged_lots: SkuLot, packed: UnitsPacked | None = PACKED) -> UnitsReturned | None:
    known = [packed] if packed is not None else []
    facts = facts_of(*RESERVED, PLAN, *known, HANDED_OVER)
    sides = [[SkuQuantity(SOAP, units)] if units else [] for units in (sound, damaged)]
    return book_return(facts, 1, sides[0], sides[1], LATER, damaged_lots=damaged_lots).units


ONLY_A = PACKED.model_copy(update={"lots": packed_lots(A=2)})


@pytest.mark.parametrize(
    ("sides", "damaged_lots", "packed", "sound", "written_off"),
    [
        ((2, 0), (), PACKED, packed_lots(A=1, B=1), ()),
        ((1, 1), (SkuLot(SOAP, "B", 1),), PACKED, packed_lots(A=1), packed_lots(B=1)),
        ((0, 2), (), PACKED, (), packed_lots(A=1, B=1)),
        ((0, 2), (SkuLot(SOAP, "A", 1), SkuLot(SOAP, "B", 1)), PACKED, (), packed_lots(A=1, B=1)),
        ((1, 1), (), ONLY_A, packed_lots(A=1), packed_lots(A=1)),
    ],
)
def test_a_return_says_of_which_lots_units_are_stock_again(
    sides: tuple[int, int],
    damaged_lots: tuple[SkuLot, ...],
    packed: UnitsPacked,
    sound: tuple[PackedLot, ...],
    written_off: tuple[PackedLot, ...],
) -> None:
    booked = book(*sides, *damaged_lots, packed=packed)
    assert booked is not None
    assert (booked.lots, booked.written_off_lots) == (sound, written_off)


def test_each_fault_of_the_lots_of_a_return_is_named() -> None:
    assert faults_of(lambda: book(1, 1)) == [("damaged_lots", "all_units")]
    assert faults_of(lambda: book(2, 0, SkuLot(SOAP, "A", 1))) == [("damaged_lots", "all_units")]
    assert faults_of(lambda: book(0, 2, SkuLot(SOAP, "A", 2))) == [("damaged_lots[0]", "lot_of_parcel")]
    assert faults_of(lambda: book(1, 1, SkuLot(HONEY, "A", 1), SkuLot(SOAP, "B", 1))) == [
        ("damaged_lots[0]", "lot_of_parcel")
    ]
    assert faults_of(lambda: book(1, 1, SkuLot(SOAP, "A", 1), packed=None)) == [("damaged_lots[0]", "lot_of_parcel")]
    assert book(1, 1, packed=None) is None, "of which no lots were told"


def test_a_return_of_other_lots_than_before_is_a_conflict() -> None:
    facts = facts_of(*RESERVED, PLAN, PACKED, HANDED_OVER)
    half = [SkuQuantity(SOAP, 1)]
    booked = book_return(facts, 1, half, half, LATER, damaged_lots=[SkuLot(SOAP, "A", 1)])
    again = facts_of(*facts, *booked.published)
    repeated = book_return(again, 1, half, half, LATER, damaged_lots=[SkuLot(SOAP, "A", 1)])
    assert repeated.units == booked.units
    with pytest.raises(Refusal, match="with other units"):
        book_return(again, 1, half, half, LATER, damaged_lots=[SkuLot(SOAP, "B", 1)])
