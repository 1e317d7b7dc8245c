"""Units with serials: their numbers, where the facts put them, and every rule of scanning them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean
from stdnum.gs1_128 import validate

from contracts.base import UNIT, WRITE_OFF, Event, Stream, unit_stream
from contracts.provenance import UnitCleared, UnitFlagged
from contracts.warehouse import (
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    ParcelRepacked,
    StockReserved,
    StockWrittenOff,
    UnitKey,
    UnitsPacked,
    UnitsReturned,
)
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import book_return, pack, report_shortage
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.flags import (
    LOOK_AGAIN,
    FlagCase,
    cleared_turns,
    closed_case,
    flagged_case,
    look_again,
    open_flag,
    unit_of,
)
from services.warehouse.domain.goods import (
    RECEIPT_UNITS,
    GoodsReceipt,
    Product,
    check_identity,
    check_receipt,
    check_serials,
    taken_serials,
    to_mint,
)
from services.warehouse.domain.lots import EMPTY
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.packing import Box, Scanned
from services.warehouse.domain.stock import Movement, SkuQuantity, StockLevels
from services.warehouse.domain.units import (
    SERIAL_BITS,
    TICK,
    Unit,
    UnitPlace,
    UnitState,
    packed_units,
    packing_time,
    places_of_order,
    places_of_write_off,
    reference_of,
    repacked_units,
    serial_of,
    serials_of,
    sscc_of,
    units_received,
)
from shared.faults import Fault
from shared.ledger.facts import DecisionContext, Facts, Timer
from tests.support.warehouse_samples import LATER, NET, NOW, ORDER, placed

GTIN = "03245678901236"
SOAP, HONEY = "SAVON-200", "MIEL-500"
SSCC, OTHER_SSCC = sscc_of("9520000", 1), sscc_of("9520000", 2)


def key(number: int, gtin: str = GTIN) -> UnitKey:
    return UnitKey(gtin=gtin, serial=serial_of(number))


ONE, TWO, THREE = key(1), key(2), key(3)


def unit(which: UnitKey, sku: str | None = SOAP, state: UnitState = "received", flagged: str | None = None) -> Unit:
    return Unit(which.gtin, which.serial, sku, UUID(int=9), state, None, None, None, NOW, flagged)


KNOWN = {which: unit(which) for which in (ONE, TWO, THREE)}


def time_at(hours: int) -> datetime:
    return NOW + timedelta(hours=hours)


def boxes(*units: UnitKey) -> tuple[Box, Box]:
    soap = Box((Scanned(1, SOAP, 2),), 500, 300, 200, 100, units)
    return soap, Box((Scanned(2, HONEY, 1),), 700, 300, 200, 100)


def facts_of(*events: Event) -> Facts:
    return Facts(Stream("order", ORDER), events)


RESERVED = (placed(), StockReserved(order_id=ORDER, occurred_at=NOW))
PLAN = pack(facts_of(*RESERVED), boxes(ONE, TWO), NET, time_at(1), serialised=[SOAP], units=KNOWN)
PACKED = UnitsPacked(order_id=ORDER, occurred_at=time_at(1), parcel=1, sscc=SSCC, units=(ONE, TWO))
HANDED_OVER = ParcelHandedOver(
    order_id=ORDER, occurred_at=time_at(2), parcel=1, carrier="laposte", tracking_number="CY1"
)
BACK = ParcelReceivedBack(order_id=ORDER, occurred_at=time_at(9), parcel=1)


def returned(
    reason: str, units: Sequence[UnitKey] = (), written_off: Sequence[UnitKey] = (), hours: int = 9
) -> UnitsReturned:
    return UnitsReturned(
        order_id=ORDER,
        occurred_at=time_at(hours),
        parcel=1,
        sscc=SSCC,
        reason=reason,
        units=tuple(units),
        written_off=tuple(written_off),
    )


def faults_of(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as raised:
        act()
    return named(raised.value.faults)


def named(faults: Sequence[Fault]) -> list[tuple[str, str]]:
    return [(fault.field, fault.rule) for fault in faults]


# --- numbers ---


def test_a_minted_serial_has_sixteen_characters_that_no_eye_mistakes() -> None:
    assert serial_of(0) == "0" * 16
    assert serial_of(2**SERIAL_BITS - 1) == "Z" * 16
    assert serial_of(32) == "0" * 14 + "10"
    assert not set("ILOU") & set("".join(serial_of(number) for number in range(64)))


@given(st.integers(0, 2**SERIAL_BITS - 1), st.integers(0, 2**SERIAL_BITS - 1))
def test_two_numbers_have_two_serials(number: int, other: int) -> None:
    assert (serial_of(number) == serial_of(other)) == (number == other)
    assert UnitKey(gtin=GTIN, serial=serial_of(number)).serial == serial_of(number)


@given(st.integers(4, 12), st.data())
def test_an_sscc_has_its_check_digit_and_gives_its_number_back(length: int, data: st.DataObject) -> None:
    prefix = data.draw(st.text("0123456789", min_size=length, max_size=length))
    reference = data.draw(st.integers(0, 10 ** (17 - length) - 1))
    sscc = sscc_of(prefix, reference)
    assert validate(f"(00){sscc}")
    assert ean.calc_check_digit(sscc[:-1]) == sscc[-1]
    assert (len(sscc), sscc[1 : 1 + length]) == (18, prefix)
    assert reference_of(prefix, sscc) == reference


def test_numbers_of_a_prefix_end_and_those_of_another_are_not_ours() -> None:
    assert sscc_of("0614141", 1_123_456_789) == "106141411234567897", "GS1's own example"
    assert reference_of("0614141", "106141411234567897") == 1_123_456_789
    assert reference_of("9521234", SSCC) is None
    with pytest.raises(Refusal, match="no SSCC left"):
        sscc_of("9520000", 10**10)


# --- receipts ---


def product(sku: str = SOAP, identity: str = "serial", *, mints: bool = True) -> Product:
    value = Decimal("12.50")
    return Product(sku, GTIN[1:], "340111", "FR", 200, 90, 60, 30, value, "EUR", "savonnerie", identity, mints)


def receipt(quantity: int, serials: Sequence[str] | None = None) -> GoodsReceipt:
    stated = {} if serials is None else {SOAP: tuple(serials)}
    return GoodsReceipt("savonnerie", "BL-1", (SkuQuantity(SOAP, quantity),), NOW, stated)


@pytest.mark.parametrize(
    ("goods", "coming", "expected"),
    [
        (product(identity="none"), receipt(1, ["A"]), [("lines[0].serials", "serialised_product")]),
        (product(mints=False), receipt(1), [("lines[0].serials", "serials_of_packs")]),
        (product(), receipt(2, ["A"]), [("lines[0].serials", "one_a_unit")]),
        (
            product(),
            receipt(3, ["A", "B", "A"]),
            [("lines[0].serials[0]", "once"), ("lines[0].serials[2]", "once")],
        ),
        (product(), receipt(RECEIPT_UNITS + 1), [("lines", "units_of_receipt")]),
    ],
)
def test_each_fault_of_serials_is_named(goods: Product, coming: GoodsReceipt, expected: list[tuple[str, str]]) -> None:
    assert faults_of(lambda: check_receipt(coming, {SOAP: goods})) == expected


def test_serials_are_minted_where_none_are_stated() -> None:
    goods = {SOAP: product()}
    for coming in (receipt(2), receipt(2, ["A", "B"])):
        check_receipt(coming, goods)
    assert to_mint(receipt(2), goods) == {SOAP: 2}
    assert to_mint(receipt(2, ["A", "B"]), goods) == {}
    assert to_mint(receipt(2), {SOAP: product(identity="none")}) == {}
    assert named(taken_serials(receipt(2, ["A", "B"]), goods, {(GTIN, "B")}).faults) == [
        ("lines[0].serials[1]", "new_serial")
    ]


def test_a_receipt_states_its_serials_as_it_was_booked_or_none() -> None:
    check_serials(receipt(2), {SOAP: ("A", "B")})
    check_serials(receipt(2, ["B", "A"]), {SOAP: ("A", "B")})
    assert faults_of(lambda: check_serials(receipt(2, ["B", "C"]), {SOAP: ("A", "B")})) == [("reference", "once")]


def test_by_what_units_are_distinguished_stays_once_goods_came_in() -> None:
    check_identity(product(), None, received=False)
    check_identity(product(), product(identity="none"), received=False)
    check_identity(product(mints=False), product(), received=True)
    assert faults_of(lambda: check_identity(product(), product(identity="none"), received=True)) == [
        ("identity", "identity_of_stock")
    ]


def test_units_are_published_in_parts_and_read_back_in_their_order() -> None:
    serials = [serial_of(number) for number in range(1_201)]
    events = units_received(UUID(int=5), NOW, [(SOAP, GTIN, "L1", serials, True), (HONEY, GTIN, None, ["A"], False)])
    assert [(event.part, event.sku, event.lot, len(event.serials), event.minted) for event in events] == [
        (1, SOAP, "L1", 500, True),
        (2, SOAP, "L1", 500, True),
        (3, SOAP, "L1", 201, True),
        (4, HONEY, None, 1, False),
    ]
    facts = Facts(Stream("receipt", UUID(int=5)), reversed(events))
    assert serials_of(facts) == {SOAP: tuple(serials), HONEY: ("A",)}
    assert units_received(UUID(int=5), NOW, []) == []


# --- packing ---


def test_each_unit_of_serialised_goods_is_scanned_and_the_same_again_is_the_same() -> None:
    assert isinstance(PLAN, OrderPacked)
    facts = facts_of(*RESERVED, PLAN, PACKED)
    assert pack(facts, boxes(TWO, ONE), NET, time_at(3)) is PLAN
    with pytest.raises(Refusal, match="packed already, otherwise"):
        pack(facts, boxes(ONE, THREE), NET, time_at(3))


@pytest.mark.parametrize(
    ("scanned", "known", "expected"),
    [
        ((), {}, [("parcels[0].units", "all_units")]),
        ((ONE,), KNOWN, [("parcels[0].units", "all_units")]),
        ((ONE, TWO, THREE), KNOWN, [("parcels[0].units", "all_units")]),
        ((ONE, ONE), KNOWN, [("parcels[0].units[0]", "once"), ("parcels[0].units[1]", "once")]),
        ((ONE, key(9)), KNOWN, [("parcels[0].units[1]", "known_unit"), ("parcels[0].units", "all_units")]),
        (
            (ONE, TWO),
            {**KNOWN, TWO: unit(TWO, HONEY)},
            [("parcels[0].units[1]", "sku_of_parcel"), ("parcels[0].units", "all_units")],
        ),
        (
            (ONE, TWO),
            {**KNOWN, TWO: unit(TWO, None)},
            [("parcels[0].units[1]", "sku_of_parcel"), ("parcels[0].units", "all_units")],
        ),
        ((ONE, TWO), {**KNOWN, TWO: unit(TWO, state="packed")}, [("parcels[0].units[1]", "unit_in_stock")]),
        ((ONE, TWO), {**KNOWN, TWO: unit(TWO, flagged="operator")}, [("parcels[0].units[1]", "not_flagged")]),
    ],
)
def test_each_unit_that_may_not_be_packed_is_named(
    scanned: tuple[UnitKey, ...], known: dict[UnitKey, Unit], expected: list[tuple[str, str]]
) -> None:
    act = lambda: pack(facts_of(*RESERVED), boxes(*scanned), NET, time_at(1), serialised=[SOAP], units=known)  # noqa: E731
    assert faults_of(act) == expected


def test_a_unit_that_came_back_is_packed_again() -> None:
    known = {ONE: unit(ONE, state="returned"), TWO: unit(TWO)}
    assert pack(facts_of(*RESERVED), boxes(ONE, TWO), NET, time_at(1), serialised=[SOAP], units=known) == PLAN


@pytest.mark.parametrize(
    ("since", "expected"),
    [([], time_at(1)), ([NOW], time_at(1)), ([time_at(1)], time_at(1) + TICK), ([time_at(3), NOW], time_at(3) + TICK)],
)
def test_units_are_packed_later_than_they_came_to_their_last_place(since: list[datetime], expected: datetime) -> None:
    scanned = [replace(unit(ONE), since=instant) for instant in since]
    assert packing_time(scanned, time_at(1)) == expected


# --- where units are ---


def place(which: UnitKey, state: UnitState, hours: int) -> UnitPlace:
    if state in ("packed", "shipped"):
        return UnitPlace(which, state, time_at(hours), ORDER, 1, SSCC)
    return UnitPlace(which, state, time_at(hours))


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], [("packed", 1), ("packed", 1)]),
        ([HANDED_OVER], [("shipped", 2), ("shipped", 2)]),
        ([HANDED_OVER, returned("returned", [ONE], [TWO])], [("returned", 9), ("written_off", 9)]),
        ([returned("withdrawn", [ONE, TWO], hours=3)], [("received", 3), ("received", 3)]),
        ([returned("withdrawn", [ONE, TWO], hours=3), HANDED_OVER], [("shipped", 2), ("shipped", 2)]),
    ],
)
def test_where_units_are_follows_from_the_set_in_any_order(
    later: list[Event], expected: list[tuple[UnitState, int]]
) -> None:
    places = [place(which, state, hours) for which, (state, hours) in zip((ONE, TWO), expected, strict=True)]
    for order in itertools.permutations([PLAN, PACKED, *later]):
        assert places_of_order(facts_of(*RESERVED, *order)) == places


def test_only_boxes_with_units_have_an_sscc() -> None:
    with_units, without = boxes(ONE, TWO)
    [event] = packed_units(ORDER, [without, with_units], EMPTY, [SSCC], time_at(1))
    assert (event.parcel, event.sscc, event.units) == (2, SSCC, (ONE, TWO))


def test_units_of_a_box_that_was_given_up_lie_in_its_successor() -> None:
    given_up, new = repacked_units(PACKED, 3, OTHER_SSCC, time_at(2))
    box = PLAN.parcels[0].model_copy(update={"parcel": 3})
    repacked = ParcelRepacked(order_id=ORDER, occurred_at=time_at(2), parcel=1, box=box)
    assert (given_up.reason, given_up.sscc, new.subject, new.id != PACKED.id) == ("repacked", SSCC, "3", True)
    assert new.id_follows
    for order in itertools.permutations([PLAN, PACKED, repacked, given_up, new]):
        places = places_of_order(facts_of(*RESERVED, *order))
        assert {(place.unit, place.state, place.parcel, place.sscc) for place in places} == {
            (ONE, "packed", 3, OTHER_SSCC),
            (TWO, "packed", 3, OTHER_SSCC),
        }


def test_units_are_written_off_by_their_shortage_and_by_their_return_once() -> None:
    def written_off(reason: str) -> list[UnitPlace]:
        event = StockWrittenOff(
            order_id=ORDER, occurred_at=NOW, sku=SOAP, quantity=2, reason=reason, number=1, units=(ONE,)
        )
        return places_of_write_off(Facts(Stream(WRITE_OFF, event.stream_id), [event]))

    assert written_off("damaged") == [UnitPlace(ONE, "written_off", NOW)]
    assert written_off("returned") == []


# --- what follows ---


def decided(*events: Event) -> list[UnitsReturned]:
    outputs = decide(facts_of(*RESERVED, PLAN, *events), DecisionContext(LATER))
    return [event for event in outputs if isinstance(event, UnitsReturned)]


def test_the_units_of_a_withdrawn_order_leave_their_boxes_once() -> None:
    withdrawn = OrderWithdrawn(order_id=ORDER, occurred_at=time_at(2), reason="shopper")
    assert decided(PACKED) == []
    [event] = decided(PACKED, withdrawn)
    assert (event.reason, event.units, event.sscc, event.parcel) == ("withdrawn", (ONE, TWO), SSCC, 1)
    assert decided(PACKED, withdrawn, event) == []
    assert decided(PACKED, withdrawn, HANDED_OVER) == []
    assert decided(withdrawn) == []


def book(facts: Facts, sound: int, damaged: int, *named_units: UnitKey, known: dict[UnitKey, Unit] = KNOWN) -> object:
    counts = [[SkuQuantity(SOAP, units)] if units else [] for units in (sound, damaged)]
    return book_return(facts, 1, counts[0], counts[1], time_at(9), named_units, known)


SHIPPED = facts_of(*RESERVED, PLAN, PACKED, HANDED_OVER)


@pytest.mark.parametrize(
    ("sound", "damaged", "names", "units", "written_off"),
    [
        (2, 0, (), (ONE, TWO), ()),
        (1, 1, (TWO,), (ONE,), (TWO,)),
        (0, 2, (), (), (ONE, TWO)),
        (0, 2, (ONE, TWO), (), (ONE, TWO)),
    ],
)
def test_a_return_says_which_units_are_stock_again(
    sound: int, damaged: int, names: tuple[UnitKey, ...], units: tuple[UnitKey, ...], written_off: tuple[UnitKey, ...]
) -> None:
    booked = book_return(
        SHIPPED,
        1,
        [SkuQuantity(SOAP, sound)] if sound else [],
        [SkuQuantity(SOAP, damaged)] if damaged else [],
        time_at(9),
        names,
        KNOWN,
    )
    assert booked.units is not None
    assert (booked.units.reason, booked.units.units, booked.units.written_off) == ("returned", units, written_off)
    assert booked.published == [booked.received_back, booked.units]


def test_each_fault_of_the_units_of_a_return_is_named() -> None:
    assert faults_of(lambda: book(SHIPPED, 1, 1)) == [("damaged_units", "all_units")]
    assert faults_of(lambda: book(SHIPPED, 2, 0, ONE)) == [("damaged_units", "all_units")]
    assert faults_of(lambda: book(SHIPPED, 1, 1, ONE, ONE, THREE)) == [
        ("damaged_units[1]", "once"),
        ("damaged_units[2]", "unit_of_parcel"),
    ]
    without = facts_of(*RESERVED, PLAN, HANDED_OVER)
    assert faults_of(lambda: book(without, 1, 1, ONE)) == [("damaged_units[0]", "unit_of_parcel")]


def test_a_return_of_other_units_than_before_is_a_conflict() -> None:
    booked = book_return(SHIPPED, 1, [SkuQuantity(SOAP, 1)], [SkuQuantity(SOAP, 1)], time_at(9), [TWO], KNOWN)
    again = facts_of(*SHIPPED, *booked.published)
    repeated = book_return(again, 1, [SkuQuantity(SOAP, 1)], [SkuQuantity(SOAP, 1)], time_at(10), [TWO], KNOWN)
    assert (repeated.received_back, repeated.units) == (booked.received_back, booked.units)
    with pytest.raises(Refusal, match="with other units"):
        book(again, 1, 1, ONE)


def test_the_units_of_a_shortage_are_named_and_in_stock() -> None:
    order = OrderStock(facts_of(*RESERVED), [Movement(SOAP, "reserved", 2, order_id=ORDER)])
    levels = {SOAP: StockLevels(received=5, available=3, reserved=2)}
    short = report_shortage(order, SOAP, 1, "damaged", levels, NOW, [ONE], KNOWN)
    assert short.written_off.units == (ONE,)

    def faulty(quantity: int, *names: UnitKey, known: dict[UnitKey, Unit] = KNOWN) -> list[tuple[str, str]]:
        return faults_of(lambda: report_shortage(order, SOAP, quantity, "damaged", levels, NOW, names, known))

    assert faulty(1, ONE, TWO) == [("units", "at_most_quantity")]
    assert faulty(2, ONE, ONE) == [("units[1]", "once")]
    assert faulty(2, ONE, key(9)) == [("units[1]", "known_unit")]
    assert faulty(1, ONE, known={ONE: unit(ONE, HONEY)}) == [("units[0]", "known_unit")]
    assert faulty(1, ONE, known={ONE: unit(ONE, state="packed")}) == [("units[0]", "unit_in_stock")]


# --- flags ---


def flag(turn: int = 1) -> UnitFlagged:
    return UnitFlagged(gtin=ONE.gtin, serial=ONE.serial, occurred_at=NOW, turn=turn, reason="operator")


def cleared(turn: int = 1) -> UnitCleared:
    return UnitCleared(gtin=ONE.gtin, serial=ONE.serial, occurred_at=NOW, turn=turn, resolution="looked_at")


def unit_facts(*events: Event) -> Facts:
    return Facts(Stream(UNIT, unit_stream(ONE.gtin, ONE.serial).id), events)


def test_a_flag_counts_until_its_turn_is_cleared() -> None:
    assert (open_flag(unit_facts()), unit_of(unit_facts())) == (None, None)
    assert open_flag(unit_facts(cleared(), flag())) is None
    assert open_flag(unit_facts(flag(), cleared(), flag(2))) == flag(2)
    assert unit_of(unit_facts(cleared())) == ONE
    assert look_again(flag(), NOW) == Timer(flag().stream, NOW + LOOK_AGAIN)
    assert look_again(flag(), NOW + LOOK_AGAIN) is None


def test_a_flag_on_a_unit_in_a_box_is_a_case_of_its_order() -> None:
    order_id = uuid4()
    in_box = Unit(ONE.gtin, ONE.serial, SOAP, None, "packed", order_id, 2, SSCC, NOW, None)
    case = flagged_case(in_box, flag(2), LATER)
    assert case is not None
    assert (case.order_id, case.parcel, case.turn, case.reason, case.action) == (
        order_id,
        2,
        2,
        "operator",
        "look_into",
    )
    assert flagged_case(unit(ONE), flag(), LATER) is None


def test_the_case_of_a_flag_closes_with_it() -> None:
    order_id = uuid4()
    in_box = Unit(ONE.gtin, ONE.serial, SOAP, None, "packed", order_id, 2, SSCC, NOW, None)
    opened = flagged_case(in_box, flag(2), LATER)
    assert opened is not None
    assert cleared_turns(unit_facts(flag(), flag(2), cleared(2))) == {2: cleared(2)}
    closed = closed_case(FlagCase(flag().stream_id, 2, order_id), cleared(2), LATER)
    assert (closed.order_id, closed.case, closed.kind, closed.resolution) == (
        order_id,
        opened.case,
        opened.kind,
        "looked_at",
    )
