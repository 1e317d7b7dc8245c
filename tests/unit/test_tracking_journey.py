"""Where a parcel is: the six rules by which its status is derived, and the mistakes others made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from contracts.base import Event, Money
from contracts.carrier import LabelCreated, ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ParcelUplifted
from contracts.orders import OrderAmended, OrderClosed, ParcelEnd
from contracts.vocabularies import FINAL, RANKS, Flag, ParcelOutcome, Status
from contracts.warehouse import OrderWithdrawn, ParcelHandedOver, ParcelReceivedBack
from services.tracking.domain.journey import Journey, derive_journey

ORDER = UUID(int=7)
NUMBER = "CY123456785FR"
BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

CODES: dict[str, tuple[Status | None, tuple[Flag, ...], tuple[Flag, ...]]] = {
    "DR1": ("announced", (), ()),
    "PC1": ("accepted", (), ()),
    "ET1": ("in_transit", (), ()),
    "ET2": ("at_origin_exchange", (), ()),
    "ET3": ("arrived_destination", (), ()),
    "ET4": ("in_transit_country", (), ()),
    "EP1": ("at_delivery_office", (), ()),
    "DO1": ("customs", (), ()),
    "DO2": ("customs_released", (), ("customs_held",)),
    "DO3": ("customs", ("customs_held",), ()),
    "PB1": (None, ("problem",), ()),
    "PB2": (None, (), ("problem",)),
    "DI3": (None, ("delayed",), ()),
    "MD2": ("out_for_delivery", (), ()),
    "ND1": (None, ("delivery_failed",), ()),
    "AG1": ("available_for_pickup", (), ()),
    "RE1": ("returning", (), ()),
    "DI1": ("delivered", (), ()),
    "DI2": ("returned", (), ()),
    "AN1": (None, (), ()),
}
"""La Poste's codes as `carrier` reads them."""


def time_at(hour: float) -> datetime:
    return BEGIN + timedelta(hours=hour)


def scan(code: str, hour: float, country: str | None = None) -> ParcelScanned:
    status, sets, clears = CODES[code]
    return ParcelScanned(
        order_id=ORDER,
        occurred_at=time_at(hour),
        parcel=1,
        tracking_number=NUMBER,
        code=code,
        status=status,
        sets=sets,
        clears=clears,
        scanned_at=time_at(hour),
        utc_offset_minutes=60,
        country=country,
    )


def scans(*codes: str) -> list[Event]:
    """These codes, a day apart."""
    return [scan(code, 24 * number) for number, code in enumerate(codes)]


def resolved(facts: Sequence[Event]) -> list[Status | None]:
    """The status that each scan stands for, in order."""
    scan_statuses = dict(derive_journey(facts, destination="CN").scan_statuses)
    return [scan_statuses.get(fact.id) for fact in facts]


def journey(*codes: str) -> Journey:
    return derive_journey(scans(*codes), destination="CN")


def test_every_status_has_a_rank_and_only_ends_are_final() -> None:
    ends = {"delivered", "returned", "cancelled", "lost", "seized", "destroyed"}
    assert {status for status, rank in RANKS.items() if rank == FINAL} == ends


def test_a_real_order_of_codes() -> None:
    """A parcel to Brazil: ET1 recurs on both sides of the border, and no customs code comes at all."""
    facts = scans("DR1", "PC1", "ET1", "ET1", "ET2", "ET3", "ET1", "MD2", "DI1")
    assert resolved(facts) == [
        "announced",
        "accepted",
        "in_transit",
        "in_transit",
        "at_origin_exchange",
        "arrived_destination",
        "in_destination_network",
        "out_for_delivery",
        "delivered",
    ]
    reached = [derive_journey(facts[: number + 1], destination="CN").status for number in range(len(facts))]
    assert reached == resolved(facts)


@pytest.mark.parametrize("codes", [("ET2", "ET1"), ("ET3", "DO1", "PC1"), ("MD2", "ET1"), ("RE1", "ET1", "MD2")])
def test_rule_1_a_lower_rank_moves_nothing(codes: tuple[str, ...]) -> None:
    first = journey(codes[0]).status
    last = journey(*codes).status
    assert last is not None
    assert first is not None
    assert RANKS[last] >= RANKS[first]
    assert last in (first, "import_customs")


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        (("MD2", "AG1", "MD2"), "out_for_delivery"),
        (("MD2", "AG1"), "available_for_pickup"),
        (("AG1", "MD2", "AG1"), "available_for_pickup"),
        (("MD2", "EP1"), "at_delivery_office"),
    ],
)
def test_rule_1_in_the_last_mile_the_latest_wins(codes: tuple[str, ...], status: Status) -> None:
    assert journey(*codes).status == status


def test_rule_1_the_return_overrides_and_the_end_is_the_end() -> None:
    assert journey("AG1", "RE1").status == "returning"
    assert journey("AG1", "RE1", "ET1", "MD2").status == "returning"
    assert journey("MD2", "RE1", "DI2").status == "returned"
    assert journey("MD2", "DI1", "MD2", "RE1").status == "delivered"
    same_minute = [scan("DI1", 1), scan("DI2", 1)]
    assert derive_journey(same_minute).status == "returned"


def amended(outcome: ParcelOutcome, hour: float) -> OrderAmended:
    return OrderAmended(order_id=ORDER, occurred_at=time_at(hour), parcel=1, outcome=outcome, previous="lost")


def end(outcome: ParcelOutcome, hour: float) -> tuple[OrderClosed, ParcelEnd]:
    """The close of the order with this end of the parcel."""
    ended = ParcelEnd(parcel=1, outcome=outcome)
    closed = OrderClosed(
        order_id=ORDER, occurred_at=time_at(hour), outcome=outcome, parcels=(ended,), refund_due=Money.zero("EUR")
    )
    return closed, ended


def test_rule_1_only_the_owner_of_the_end_corrects_it() -> None:
    lost = ParcelLost(order_id=ORDER, occurred_at=time_at(500), parcel=1, said_by="operator")
    assert derive_journey([*scans("PC1", "ET2"), lost]).status == "lost"
    facts = [*scans("PC1", "ET2"), lost, scan("ET3", 600)]
    assert derive_journey(facts).status == "arrived_destination"
    assert derive_journey([*facts, scan("DI1", 700)]).status == "delivered"
    assert derive_journey(facts, end=end("lost", 550)).status == "lost"
    assert derive_journey([*facts, scan("DI1", 700)], end=end("lost", 550)).status == "lost"
    more = [*facts, scan("DI1", 700), amended("delivered", 701)]
    assert derive_journey(more, end=end("lost", 550)).status == "delivered"
    assert derive_journey([scan("DI1", 400), lost]).status == "delivered"
    assert derive_journey([scan("DI1", 400), amended("returned", 800)]).status == "returned"
    assert derive_journey([scan("DI1", 400), amended("lost", 800)]).status == "delivered"
    seized = ParcelDestroyed(order_id=ORDER, occurred_at=time_at(400), parcel=1, reason="seized")
    assert derive_journey([seized, amended("destroyed", 800)]).status == "seized"


def test_the_closing_of_the_order_states_the_end_for_what_was_never_heard() -> None:
    assert derive_journey(scans("PC1"), end=end("returned", 900)).status == "returned"


def test_rule_2_customs_without_a_country_go_by_what_was_seen_before() -> None:
    facts = scans("PC1", "DO1", "DO2", "ET3", "DO1", "DO2")
    assert resolved(facts)[1:3] == ["export_customs", "export_cleared"]
    assert resolved(facts)[4:] == ["import_customs", "import_cleared"]


def test_rule_2_a_stated_country_decides() -> None:
    assert resolved([scan("DO1", 1, "CN")]) == ["import_customs"]
    assert resolved([scan("ET3", 1), scan("DO1", 2, "FR")])[1] == "export_customs"
    assert (
        derive_journey([scan("DO1", 1, "AE")]).status == "import_customs"
    )  # abroad, and nobody knows where it is going


def test_rule_2_customs_of_a_third_country_are_neither_side() -> None:
    facts = [scan("ET2", 1), scan("DO1", 2, "AE"), scan("DO3", 3, "AE"), scan("DO1", 4, "AE")]
    assert resolved(facts)[1] == "in_transit_country"
    assert derive_journey(facts, destination="CN").flags == ("customs_held",)
    facts += [scan("DO2", 5, "AE"), scan("DO1", 6, "CN")]
    assert resolved(facts)[4:] == ["in_transit_country", "import_customs"]
    assert derive_journey(facts, destination="CN").flags == ()


def test_rule_2_customs_shortly_before_the_arrival_are_on_neither_side() -> None:
    """DO1 08:00 and ET3 10:00 of one day: no parcel flies to China in two hours."""
    facts = [scan("ET2", 1), scan("DO1", 8), scan("DO2", 9), scan("ET3", 10)]
    assert resolved(facts) == ["at_origin_exchange", "customs", "customs_released", "arrived_destination"]
    assert derive_journey(facts, destination="CN").status == "arrived_destination"
    assert resolved(facts[:3])[1:] == ["export_customs", "export_cleared"], "until it arrives"
    assert resolved([scan("DO1", 0), scan("ET3", 10)])[0] == "export_customs", "ten hours are enough"
    assert resolved([scan("DO1", 8, "FR"), scan("ET3", 10)])[0] == "export_customs", "the country is known"
    assert resolved([scan("ET4", 7), scan("DO1", 8), scan("ET3", 10)])[1] == "import_customs"


def test_rule_2_goes_by_event_time_not_by_arrival() -> None:
    early, late = scan("DO1", 10), scan("DO1", 30)
    arrived = scan("ET3", 20)
    for facts in ([late, early, arrived], [arrived, late, early]):
        scan_statuses = dict(derive_journey(facts, destination="CN").scan_statuses)
        assert (scan_statuses[early.id], scan_statuses[late.id]) == ("export_customs", "import_customs")


def test_rule_2_customs_in_the_minute_of_arrival_are_the_import_side() -> None:
    assert resolved([scan("ET3", 5), scan("DO1", 5)])[1] == "import_customs"


@pytest.mark.parametrize(
    "proof",
    [
        ParcelUplifted(order_id=ORDER, occurred_at=time_at(10), parcel=1, bill_number="176-1", voyage_number="AF112"),
        ImportDeclared(order_id=ORDER, occurred_at=time_at(10), parcel=1, declaration_number="I1"),
    ],
)
def test_rule_2_papers_that_follow_the_departure_prove_it(proof: Event) -> None:
    before, after = scan("DO1", 5), scan("DO1", 15)
    scan_statuses = dict(derive_journey([before, after, proof], destination="CN").scan_statuses)
    assert (scan_statuses[before.id], scan_statuses[after.id]) == ("export_customs", "import_customs")


def test_rule_3_a_recurring_code_never_lowers_the_rank() -> None:
    facts = scans("PC1", "ET1", "ET2", "ET1", "ET1")
    journey_shown = derive_journey(facts)
    assert journey_shown.status == "at_origin_exchange"
    assert journey_shown.status_at == time_at(48)
    assert journey_shown.seen_at == time_at(96)
    assert len({fact.id for fact in facts}) == 5


def test_rule_4_no_customs_scan_is_waited_for() -> None:
    assert journey("PC1", "ET2", "MD2").status == "out_for_delivery"
    held = ImportHeld(
        order_id=ORDER, occurred_at=time_at(1), parcel=1, reason="missing_invoice", status="300", held_at=time_at(30)
    )
    assert derive_journey([*scans("PC1", "ET2"), held]).flags == ("customs_held",)
    assert derive_journey([*scans("PC1", "ET2"), held, scan("MD2", 60)]).flags == ()


def test_rule_5_back_at_the_sender_is_final_but_not_delivered() -> None:
    journey_shown = journey("PC1", "ND1", "RE1", "DI2")
    assert journey_shown.final
    assert journey_shown.status == "returned"
    assert journey_shown.country == "FR"


def test_rule_6_the_carriers_own_word_and_its_scan_are_one_end() -> None:
    facts = scans("MD2", "DI1")
    published = ParcelDelivered(order_id=ORDER, occurred_at=time_at(25), parcel=1, delivered_at=time_at(24))
    assert derive_journey([*facts, published]) == derive_journey([published, *facts])
    assert derive_journey([*facts, published]).status_at == time_at(24)


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        (("PC1", "ET1"), "in_transit"),  # not "out for delivery"
        (("DR1",), "announced"),  # likewise
        (("PC1", "AG1"), "available_for_pickup"),  # waiting at the counter is not delivered
        (("PC1", "RE1"), "returning"),  # without a reason made up for it
    ],
)
def test_what_others_misread(codes: tuple[str, ...], status: Status) -> None:
    assert journey(*codes).status == status


def test_entering_customs_is_no_incident() -> None:
    assert journey("PC1", "DO1").flags == ()


def test_an_unknown_code_moves_nothing() -> None:
    known, more = journey("PC1", "ET2"), journey("PC1", "ET2", "AN1")
    assert (known.status, known.flags) == (more.status, more.flags)
    assert more.seen_at == time_at(48)


@pytest.mark.parametrize(
    ("codes", "flags"),
    [
        (("ET3", "DO3"), ("customs_held",)),
        (("ET3", "DO3", "DO1"), ("customs_held",)),
        (("ET3", "DO3", "DO2"), ()),
        (("ET3", "DO3", "ET1"), ()),
        (("MD2", "ND1"), ("delivery_failed",)),
        (("MD2", "ND1", "AG1"), ()),
        (("MD2", "ND1", "MD2"), ()),
        (("MD2", "ND1", "ET1"), ("delivery_failed",)),
        (("PC1", "PB1"), ("problem",)),
        (("PC1", "PB1", "PB2"), ()),
        (("PC1", "PB1", "ET2"), ()),
        (("PC1", "DI3"), ("delayed",)),
        (("PC1", "DI3", "ET1"), ()),
        (("PC1", "PB1", "DI1"), ()),
    ],
)
def test_flags_stand_beside_the_status(codes: tuple[str, ...], flags: tuple[Flag, ...]) -> None:
    assert journey(*codes).flags == flags


def test_a_hold_of_customs_outlasts_scans_before_its_release() -> None:
    held = ImportHeld(
        order_id=ORDER, occurred_at=time_at(1), parcel=1, reason="inspection", status="500", held_at=time_at(30)
    )
    cleared = ImportCleared(order_id=ORDER, occurred_at=time_at(90), parcel=1)
    facts: list[Event] = [scan("ET2", 10), held, scan("ET1", 40), scan("ET3", 50), scan("DO1", 60)]
    assert derive_journey(facts).flags == ("customs_held",)
    assert derive_journey([*facts, cleared]).flags == ()
    assert derive_journey([*facts, cleared]).status == "import_customs"


def test_a_withdrawn_parcel_is_cancelled_unless_it_has_left() -> None:
    label = LabelCreated(
        order_id=ORDER, occurred_at=time_at(1), parcel=1, carrier="laposte", product="DOS", tracking_number=NUMBER
    )
    hand_over = ParcelHandedOver(
        order_id=ORDER, occurred_at=time_at(2), parcel=1, carrier="laposte", tracking_number=NUMBER
    )
    withdrawn = OrderWithdrawn(order_id=ORDER, occurred_at=time_at(3), reason="shopper")
    assert derive_journey([label], withdrawn=withdrawn).status == "cancelled"
    assert derive_journey([label, scan("DR1", 2)], withdrawn=withdrawn).status == "cancelled"
    assert derive_journey([label, hand_over], withdrawn=withdrawn).status == "announced"
    assert derive_journey([label, scan("PC1", 5)], withdrawn=withdrawn).status == "accepted"


def test_what_came_back_to_the_warehouse_is_returned() -> None:
    back = ParcelReceivedBack(order_id=ORDER, occurred_at=time_at(99), parcel=1)
    assert derive_journey([*scans("PC1", "RE1"), back]).status == "returned"
    returned = ParcelReturned(
        order_id=ORDER, occurred_at=time_at(99), parcel=1, returned_at=time_at(90), reason="unclaimed"
    )
    assert derive_journey([*scans("PC1"), returned]).status_at == time_at(90)


def test_the_city_is_that_of_the_latest_scan_or_none() -> None:
    first, second = scan("PC1", 1, "FR").model_copy(update={"city": "Roissy"}), scan("ET3", 2, "CN")
    assert (derive_journey([first]).country, derive_journey([first]).city) == ("FR", "Roissy")
    assert (derive_journey([first, second]).country, derive_journey([first, second]).city) == ("CN", None)
    back = ParcelReceivedBack(order_id=ORDER, occurred_at=time_at(99), parcel=1)
    assert derive_journey([first, back]).city is None


def test_the_country_is_the_scans_or_follows_from_the_status() -> None:
    assert journey("PC1").country == "FR"
    assert journey("PC1", "ET3").country == "CN"
    assert derive_journey([scan("PC1", 1), scan("ET4", 2, "AE")], destination="CN").country == "AE"
    assert journey("PC1", "ET3").country == journey("PC1", "ET3", "ET1").country
