"""Which status of a parcel replaces which: the table, held to a slow fold that is written apart; and the stories of
parcels that ended and went on, as carrier, orders and tracking tell them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.base import CountryCode, Event, order_stream
from contracts.carrier import (
    ParcelDelivered,
    ParcelDestroyed,
    ParcelEndEvent,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.orders import OrderAmended, OrderClosed
from contracts.vocabularies import RANKS, STATUSES, Status
from contracts.warehouse import ParcelReceivedBack
from services.carrier.carriers.laposte import codes
from services.carrier.domain import outcomes
from services.carrier.domain.scans import KnownScan, scan_fact
from services.orders.domain.decide import decide as decide_order
from services.parcel_status import PLACE_OF, PLACES, TABLE, Step, end_evidence, in_order, last_step, replaces
from services.tracking.domain.journey import Journey, derive_journey
from shared.ledger.facts import DecisionContext, Facts
from tests.support.orders_samples import (
    BEGINNING,
    ORDER,
    RESERVED,
    SCREENED,
    declared,
    handed_over,
    label,
    packed,
    time_at,
)

NUMBER = "CY123456785FR"
ENDS: tuple[type[ParcelEndEvent], ...] = (ParcelDelivered, ParcelReturned, ParcelLost, ParcelDestroyed)


# --- the table ---------------------------------------------------------------------------------------------------


def test_every_status_is_in_one_place_and_every_pair_of_places_in_one_row() -> None:
    assert sorted(status for statuses in PLACES.values() for status in statuses) == sorted(STATUSES)
    pairs = [pair for row in TABLE for pair in product(row.of, row.then)]
    assert sorted(pairs) == sorted(product(PLACES, repeat=2))


def test_every_row_has_its_reason() -> None:
    assert all(row.reason for row in TABLE)


# --- a slow fold, written apart ----------------------------------------------------------------------------------

CUSTOMS = ("customs", "export_customs", "import_customs")
HERE = ("arrived_destination", "import_cleared", "in_destination_network")
DOOR = ("at_delivery_office", "out_for_delivery", "available_for_pickup")
SEEN_AT_ITS_END = ("delivered", "returned", "seized", "destroyed")
SAME_MINUTE = ("cancelled", "lost", "delivered", "seized", "destroyed", "returned")


@dataclass(frozen=True)
class Said:
    """A scan, as the slow fold reads it."""

    minute: int
    status: Status
    country: CountryCode | None


def counts(current: Status | None, new: Status) -> bool:
    """Whether a later scan changes the status."""
    if current is None:
        return True
    if current == new or {current, new} == {"seized", "destroyed"}:
        return False
    if current in ("delivered", "returned"):
        return new in SEEN_AT_ITS_END
    if current in ("seized", "destroyed"):
        return new not in ("lost", "cancelled", "announced", *CUSTOMS)
    if current in ("lost", "cancelled"):
        return new not in ("lost", "cancelled", "announced")
    if new in (*SEEN_AT_ITS_END, "lost", "cancelled"):
        return True
    if current == "returning":
        return new in DOOR
    if new == "returning" or new in DOOR:
        return True
    if current in DOOR:
        return current == "available_for_pickup" and new in HERE
    return RANKS[new] > RANKS[current]


def meant(scans: Sequence[Said], index: int) -> Status:
    """What the scan means, after those before it."""
    start: int | None = None
    for before in range(index):
        if scans[before].status == "returning" and start is None:
            start = before
        elif start is not None and scans[before].status in DOOR and meant(scans, before) in DOOR:
            start = None
    status = scans[index].status
    if start is None:
        return status
    since = scans[start : index + 1]
    countries = [scan.country for scan in since if scan.country]
    back_home = countries[-1:] == ["FR"]
    moved = any(RANKS[scan.status] < RANKS["at_delivery_office"] for scan in since)
    if status == "delivered" and back_home:
        return "returned"
    return "returning" if status in DOOR and (moved or back_home) else status


def slow_status(scans: Iterable[Said]) -> Status | None:
    """The status, by looking at all that came before for each scan."""

    def place_in_time(minute: int, status: Status) -> tuple[int, int, int]:
        return minute, RANKS[status], SAME_MINUTE.index(status) if status in SAME_MINUTE else -1

    ordered = sorted(scans, key=lambda scan: place_in_time(scan.minute, scan.status))
    meanings = [(ordered[index].minute, meant(ordered, index)) for index in range(len(ordered))]
    current: Status | None = None
    for _, status in sorted(meanings, key=lambda meaning: place_in_time(*meaning)):
        if counts(current, status):
            current = status
    return current


def scanned(minute: float, status: Status | None, country: CountryCode | None = None, code: str = "X") -> ParcelScanned:
    when = time_at(7) + timedelta(minutes=minute)
    return ParcelScanned(
        order_id=ORDER,
        occurred_at=when,
        parcel=1,
        tracking_number=NUMBER,
        code=f"{code}{status}",
        status=status,
        scanned_at=when,
        utc_offset_minutes=60,
        country=country,
    )


def fact_of(scan: Said) -> ParcelScanned:
    return scanned(scan.minute, scan.status, scan.country)


journeys = st.lists(
    st.builds(Said, st.integers(0, 12), st.sampled_from(STATUSES), st.sampled_from([None, "FR", "CN"])),
    max_size=9,
    unique_by=lambda scan: (scan.minute, scan.status),
)


@given(journeys)
@example([Said(0, "customs_released", None), Said(0, "export_cleared", None)])
@settings(max_examples=500)
def test_the_fold_is_that_of_the_slow_one(scans: list[Said]) -> None:
    # What no rule orders goes by the facts' ids.
    scans = sorted(scans, key=lambda scan: fact_of(scan).id.int)
    steps = [Step(scan.scanned_at, scan, scan.status) for scan in map(fact_of, scans)]
    step = last_step(in_order(reversed(steps)))
    assert (step.status if step else None) == slow_status(scans)


@pytest.mark.parametrize(("current", "new"), list(product(STATUSES, repeat=2)))
def test_each_pair_of_statuses(current: Status, new: Status) -> None:
    assert (current != new and replaces(current, new)) == counts(current, new), (PLACE_OF[current], PLACE_OF[new])


# --- the three services tell one story ---------------------------------------------------------------------------


def publish_ends(facts: Facts) -> None:
    """Lets carrier publish what its scans say of the parcel's end."""
    while fresh := [end for end in outcomes.outputs(facts, DecisionContext(time_at(60))) if facts.add(end)]:
        assert all(isinstance(end, ENDS) for end in fresh)


@given(st.data(), journeys)
@settings(max_examples=300)
def test_what_carrier_publishes_and_orders_reads_is_what_tracking_shows(data: st.DataObject, scans: list[Said]) -> None:
    """In whatever order the scans arrive, and whatever was published on the way."""
    facts = Facts(order_stream(ORDER))
    for scan in data.draw(st.permutations(scans)):
        facts.add(scanned(scan.minute, scan.status, scan.country))
        if data.draw(st.booleans()):
            publish_ends(facts)
    publish_ends(facts)
    assert_one_story(facts)


def assert_one_story(facts: Facts) -> None:
    shown = derive_journey(list(facts)).status
    evidence = end_evidence(facts, 1)
    if shown in ("delivered", "returned", "lost"):
        assert evidence is not None
        assert evidence.outcome == shown
    elif shown in ("seized", "destroyed"):
        assert evidence is not None
        assert evidence.outcome == "destroyed", "which of the two was told first decides on the reason"
    else:
        assert evidence is None
    end = outcomes.current_end(facts, 1)
    assert (end and end.outcome) == (evidence and evidence.outcome)
    turns = [(type(end), end.turn) for kind in ENDS for end in facts.all(kind)]
    assert len(set(turns)) == len(turns)
    assert all(turn == 1 or (kind, turn - 1) in turns for kind, turn in turns)


@pytest.mark.parametrize("again", [1, 2])
def test_a_loss_that_is_reported_late_is_published_before_what_it_outweighs(again: int) -> None:
    facts = Facts(order_stream(ORDER))
    for scan in (Said(1, "cancelled", None), Said(again, "lost", None), Said(0, "lost", None)):
        facts.add(fact_of(scan))
        publish_ends(facts)
    assert_one_story(facts)
    assert [(end.turn, end.occurred_at) for end in facts.all(ParcelLost)] == [
        (2, time_at(7)),
        (1, time_at(7) + timedelta(minutes=again)),
    ]


def test_a_delivery_abroad_is_none_in_france_because_of_an_earlier_scan_there() -> None:
    """A parcel that was reported lost meanwhile: all its scans are weighed."""
    facts = Facts(order_stream(ORDER))
    for scan in (
        Said(0, "returning", None),
        Said(0, "lost", None),
        Said(1, "announced", "FR"),
        Said(2, "delivered", "CN"),
    ):
        facts.add(scanned(scan.minute, scan.status, scan.country))
    publish_ends(facts)
    assert_one_story(facts)


def coded(code: str, day: float, country: CountryCode | None = None, parcel: int = 1) -> ParcelScanned:
    """An event of La Poste, as carrier publishes it."""
    known = KnownScan("laposte", f"CY00000000{parcel}FR", "poll", b"", code, time_at(day), 60, country, ORDER, parcel)
    return scan_fact(known, codes.read(code, country))


class Story:
    """One order as carrier and orders decide it, fact by fact."""

    def __init__(self, parcels: int = 1) -> None:
        self.facts = Facts(order_stream(ORDER), [*BEGINNING, SCREENED, RESERVED, packed(parcels)])
        for parcel in range(1, parcels + 1):
            for event in (declared(parcel), label(parcel), handed_over(parcel)):
                self.facts.add(event)

    def tell(self, *events: Event) -> Story:
        """These arrive, one after another; what follows is published after each."""
        for event in events:
            self.facts.add(event)
            publish_ends(self.facts)
            context = DecisionContext(max(time_at(30), event.occurred_at))
            while [new for new in decide_order(self.facts, context) if isinstance(new, Event) and self.facts.add(new)]:
                pass
        return self

    def journey(self, parcel: int = 1) -> Journey:
        closed = self.facts.get(OrderClosed)
        end = next((end for end in closed.parcels if end.parcel == parcel), None) if closed else None
        facts = [fact for fact in self.facts if getattr(fact, "parcel", None) == parcel]
        return derive_journey(facts, destination="CN", end=(closed, end) if closed and end else None)

    def shown(self, parcel: int = 1) -> str | None:
        return self.journey(parcel).status

    def ended(self, parcel: int = 1) -> str | None:
        evidence = end_evidence(self.facts, parcel)
        return evidence.outcome if evidence else None

    @property
    def amended(self) -> list[str]:
        return [amendment.outcome for amendment in sorted(self.facts.all(OrderAmended), key=lambda a: a.occurred_at)]


def test_delivered_wrongly_then_sent_back_before_the_close_is_returned() -> None:
    """DI1@9 RE1@10 DI2@20."""
    story = Story(2).tell(coded("DI1", 9, "CN"), coded("RE1", 10, "CN"), coded("DI2", 20))
    assert (story.shown(), story.ended()) == ("returned", "returned")
    assert OrderClosed not in story.facts


def test_a_parcel_of_a_split_order_that_came_back_is_not_delivered_in_france() -> None:
    scans = [coded("PC1", 7, "FR"), coded("ET2", 8, "FR"), coded("ET3", 9, "CN"), coded("DI1", 10, "CN")]
    story = Story(2).tell(coded("PC1", 7, "FR", 2), *scans, coded("RE1", 11, "CN"), coded("ET2", 14, "FR"))
    assert (story.shown(), story.journey().country) == ("delivered", "CN"), "where it was delivered"
    story.tell(coded("DI2", 20, "FR"))
    assert (story.shown(), story.journey().country) == ("returned", "FR")
    story.tell(coded("DI1", 21, "CN", 2))
    closed = story.facts.get(OrderClosed)
    assert closed is not None
    assert [end.outcome for end in closed.parcels] == ["returned", "delivered"]


def test_a_delivered_parcel_that_comes_back_after_the_close_is_amended_and_every_later_turn_too() -> None:
    story = Story().tell(coded("DI1", 9, "CN"))
    assert OrderClosed in story.facts
    story.tell(coded("RE1", 10, "CN"))
    assert (story.shown(), story.amended) == ("delivered", [])
    story.tell(coded("DI2", 40))
    assert (story.shown(), story.amended) == ("returned", ["returned"])
    story.tell(coded("DI1", 45, "CN"))
    assert (story.shown(), story.amended) == ("delivered", ["returned", "delivered"])
    story.tell(coded("DI2", 50))
    assert (story.shown(), story.amended) == ("returned", ["returned", "delivered", "returned"])
    assert [(e.turn, e.subject) for e in sorted(story.facts.all(ParcelReturned), key=lambda e: e.turn)] == [
        (1, "1"),
        (2, "1:2"),
    ]
    assert sorted(e.subject for e in story.facts.all(OrderAmended)) == ["1:delivered", "1:returned", "1:returned:2"]


def test_after_the_close_only_orders_says_that_the_end_is_another() -> None:
    story = Story().tell(coded("DI1", 9, "CN"))
    assert story.shown() == "delivered"
    story.facts.add(coded("DI2", 40))
    assert story.shown() == "delivered", "the amendment has not come"
    assert story.tell(coded("DI2", 40)).shown() == "returned"


def test_a_refusal_that_is_taken_back_is_out_for_delivery() -> None:
    """RE1@9 MD2@10."""
    story = Story().tell(coded("PC1", 7, "FR"), coded("ET3", 8, "CN"), coded("RE1", 9), coded("MD2", 10))
    assert story.shown() == "out_for_delivery"
    assert story.tell(coded("DI1", 10.5)).ended() == "delivered"


@pytest.mark.parametrize("on_its_way", [coded("ET1", 12), coded("ET2", 12, "FR")])
def test_a_round_after_the_way_back_is_the_senders(on_its_way: ParcelScanned) -> None:
    story = Story().tell(coded("RE1", 9, "CN"), on_its_way, coded("MD2", 15), coded("AG1", 16))
    assert story.shown() == "returning"


def test_delivered_in_the_senders_country_after_a_return_is_returned() -> None:
    for last in (coded("DI1", 20, "FR"), coded("LIVCFM", 20, "FR")):
        story = Story().tell(coded("ET3", 8, "CN"), coded("RE1", 9, "CN"), last)
        assert (story.shown(), story.ended()) == ("returned", "returned")
        assert ParcelDelivered not in story.facts
    story = Story().tell(coded("RE1", 9, "CN"), coded("ET2", 15, "FR"), coded("DI1", 20))
    assert story.ended() == "returned", "the last scan before it was there"


def test_a_delivery_whose_return_is_reported_late_is_returned_all_the_same() -> None:
    story = Story(2).tell(coded("DI1", 20, "FR"), coded("RE1", 9, "CN"))
    assert (story.shown(), story.ended()) == ("returned", "returned")


def test_what_leaves_the_counter_moves_again() -> None:
    story = Story().tell(coded("ET3", 8, "CN"), coded("AG1", 9), coded("ID1", 9.5))
    assert story.shown() == "available_for_pickup"
    assert story.tell(coded("ET1", 10)).shown() == "in_destination_network"
    assert story.tell(coded("AG1", 11)).shown() == "available_for_pickup"


def test_a_seized_parcel_that_is_released_moves_again_before_the_close() -> None:
    story = Story(2).tell(coded("ET3", 8, "CN"), coded("SOLDDR", 9), coded("DOUDOU", 9.5))
    assert (story.shown(), story.ended()) == ("seized", "destroyed"), "customs still has it"
    story.tell(coded("DO2", 10, "CN"))
    assert (story.shown(), story.ended()) == ("import_cleared", None)
    story.tell(coded("DI1", 11, "CN", 2))
    assert OrderClosed not in story.facts
    story.tell(coded("SOLDDR", 12))
    assert (story.shown(), story.ended()) == ("seized", "destroyed")
    assert sorted(end.subject for end in story.facts.all(ParcelDestroyed)) == ["1", "1:2"]
    assert OrderClosed in story.facts


def test_a_seized_parcel_that_is_released_after_the_close_is_a_case_and_its_new_end_an_amendment() -> None:
    story = Story().tell(coded("ET3", 8, "CN"), coded("SOLDDR", 9))
    assert OrderClosed in story.facts
    story.tell(coded("DO2", 40, "CN"))
    assert (story.shown(), story.amended) == ("seized", [])
    cases = [case for case in story.facts if case.NAME == "case-opened"]
    assert [getattr(case, "reason", "") for case in cases] == ["destroyed_then_moved"]
    assert story.tell(coded("DI1", 42, "CN")).shown() == "delivered"
    assert story.amended == ["delivered"]


def test_a_lost_parcel_that_is_found_moves_again_and_may_be_lost_again() -> None:
    story = Story(2).tell(coded("SOLVOL", 9), coded("ET3", 10, "CN"))
    assert (story.shown(), story.ended()) == ("arrived_destination", None)
    story.tell(coded("SOLVOL", 12))
    assert (story.shown(), story.ended()) == ("lost", "lost")
    assert sorted(end.subject for end in story.facts.all(ParcelLost)) == ["1", "1:2"]


def test_a_loss_that_is_reported_after_the_delivery_is_published_once_and_changes_nothing() -> None:
    story = Story(2).tell(coded("DI1", 9, "CN"), coded("SOLVOL", 10), coded("SOLMQD", 11), coded("LIVCFM", 12))
    assert (story.shown(), story.ended()) == ("delivered", "delivered")
    assert [end.turn for end in story.facts.all(ParcelLost)] == [1]


def test_a_loss_that_an_operator_stated_is_one_of_the_turns() -> None:
    stated = ParcelLost(order_id=ORDER, occurred_at=time_at(12), parcel=1, said_by="operator")
    story = Story(2).tell(stated, coded("SOLVOL", 9), coded("ET3", 10, "CN"))
    latest = max(story.facts.all(ParcelLost), key=lambda end: end.turn)
    assert (latest.turn, latest.occurred_at, latest.said_by) == (2, time_at(12), "operator")
    assert story.ended() == "lost"


def test_what_the_warehouse_opened_was_returned_whoever_has_lost_it() -> None:
    back = ParcelReceivedBack(order_id=ORDER, occurred_at=time_at(20), parcel=1)
    assert Story(2).tell(coded("SOLVOL", 9), back).ended() == "returned"


def test_a_cancelled_label_that_travels_is_under_way() -> None:
    assert Story().tell(coded("ANNULE", 7), coded("PC1", 8, "FR")).shown() == "accepted"


def test_a_parcel_of_which_only_foreign_posts_tell_is_delivered() -> None:
    """EMA EMC EMD EDG EMI."""
    codes_in_order = ["EMA", "EMC", "EMD", "EDG", "EMI"]
    story = Story(2).tell(*(coded(code, 7 + day) for day, code in enumerate(codes_in_order)))
    assert (story.shown(), story.ended()) == ("delivered", "delivered")
    statuses = [status for _, status in story.journey().scan_statuses]
    assert statuses == ["accepted", "departed_origin", "arrived_destination", "out_for_delivery", "delivered"]


def test_a_scan_stamped_after_the_delivery_changes_nothing() -> None:
    """MD2 13:00 DI1 14:00 ET1 14:05; and older codes that come after the delivery was told."""
    story = Story(2).tell(coded("MD2", 9), coded("DI1", 9.1, "CN"), coded("ET1", 9.2), coded("ET1", 8), coded("PC1", 7))
    assert (story.shown(), story.ended()) == ("delivered", "delivered")


def test_a_parcel_that_is_reported_once_ends_once() -> None:
    story = Story(2).tell(coded("DI1", 9, "CN"), coded("LIVCFM", 9.1, "CN"), coded("DI1", 9.2, "CN"))
    assert [end.turn for end in story.facts.all(ParcelDelivered)] == [1]
