"""What a carrier's answer makes the page say: answers as they were recorded or reported in public, each with its right
reading, from the envelope to the document.

Days are of November 2026; the parcels were handed over on the 8th.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import LabelCreated, ParcelDelivered, ParcelScanned
from contracts.cases import CaseOpened
from contracts.orders import OrderAmended, OrderClosed
from contracts.warehouse import ParcelHandedOver
from services.carrier.carriers.laposte import CARRIER
from services.carrier.carriers.laposte.mapping import read_envelope
from services.carrier.domain.decide import decide as decide_carrier
from services.carrier.domain.details import KnownDetails, details_facts
from services.carrier.domain.scans import KnownScan, check_batch, turns
from services.carrier.domain.windows import SetAsideReason
from services.customs.domain.holds import held_by_post
from services.orders.domain.decide import decide as decide_order
from services.tracking.api.page import Pages
from services.tracking.domain.document import Document, derive
from services.tracking.domain.parcels import ParcelView
from services.tracking.handlers import SUBSCRIPTIONS
from services.tracking.schemas import OrderTracking
from shared.ledger.facts import DecisionContext, Facts
from tests.support.carrier_samples import DUTY_CODES, POLICY
from tests.support.orders_samples import BEGINNING, ORDER, RESERVED, SCREENED, declared, eur, packed, time_at

NUMBERS = {1: "EW112720413FR", 2: "LY000000014FR"}
NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
PAGES = Pages()


def on(day: int, code: str, time: str = "10:00:00", **more: Any) -> dict[str, Any]:
    """An event of an envelope, in French time."""
    return {"code": code, "label": "…", "date": f"2026-11-{day:02}T{time}+01:00", **more}


class Told:
    """One order, about whose parcels La Poste tells."""

    def __init__(self, parcels: int = 1, tax: str = "0.00") -> None:
        self.facts = Facts(order_stream(ORDER), [*BEGINNING, SCREENED, RESERVED, packed(parcels)])
        for parcel in range(1, parcels + 1):
            sent = {"order_id": ORDER, "parcel": parcel, "carrier": "laposte", "tracking_number": NUMBERS[parcel]}
            self.facts.add(declared(parcel).model_copy(update={"tax": eur(tax)}))
            self.facts.add(LabelCreated.model_validate({**sent, "occurred_at": time_at(5), "product": "DOS"}))
            self.facts.add(ParcelHandedOver.model_validate({**sent, "occurred_at": time_at(6)}))
        self.set_aside: list[SetAsideReason] = []

    def tell(self, *events: dict[str, Any], parcel: int = 1, **shipment: Any) -> Told:
        """One answer or call-back; what follows from it is published."""
        number = NUMBERS[parcel]
        report = read_envelope(
            {"returnCode": 200, "shipment": {"idShip": number, "event": list(reversed(events)), **shipment}}
        )
        batch = [
            (
                KnownScan(
                    "laposte", number, "poll", event.raw, event.code, event.scanned_at, event.utc_offset_minutes,
                    event.country, ORDER, parcel, turn, event.city,
                ),
                CARRIER.read(event.code, event.country),
            )
            for event, turn in zip(report.events, turns(report.events), strict=True)
            if event.code is not None and event.scanned_at is not None
        ]  # fmt: skip
        checked = check_batch({ORDER: self.facts}, batch, NOW)
        self.set_aside += checked.set_aside.values()
        details = [KnownDetails("laposte", number, ORDER, parcel, report.details.stored())] if report.details else []
        self._publish([*checked.believed, *details_facts({ORDER: self.facts}, details, NOW)])
        return self

    def _publish(self, events: Sequence[Event]) -> None:
        fresh = [event for event in events if self.facts.add(event)]
        while fresh:
            context = DecisionContext(NOW)
            decided = [
                *decide_carrier(self.facts, context, POLICY, DUTY_CODES),
                *decide_order(self.facts, context),
                *held_by_post(self.facts, 1, context),
            ]
            fresh = [event for event in decided if isinstance(event, Event) and self.facts.add(event)]

    @property
    def document(self) -> Document:
        return self._shown()[0]

    def page(self, language: Any) -> str:
        document, body, etag = self._shown()
        assert document.parcels
        order = OrderTracking.model_validate_json(body)
        return PAGES.order(order, etag, language, "v1.secret", NOW).decode()

    def _shown(self) -> tuple[Document, bytes, str]:
        consumed = [event for event in self.facts if isinstance(event, tuple(SUBSCRIPTIONS))]
        derived = derive(Facts(order_stream(ORDER), consumed))
        assert derived is not None
        return derived.document, derived.body, derived.etag

    @property
    def parcel(self) -> ParcelView:
        return self.document.parcels[0]

    @property
    def lines(self) -> list[str | None]:
        """The statuses of the carrier's lines of the timeline, by time."""
        return [entry.status for entry in self.document.timeline if entry.kind == "parcel-scanned"]

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(step.actor, step.action) for step in self.document.next if step.parcel == 1]

    @property
    def reasons(self) -> list[str]:
        return [case.reason for case in self.facts.all(CaseOpened)]


def test_a_whole_journey_as_it_was_recorded() -> None:
    """No customs code comes, and ET1 comes on both sides of the border."""
    codes = ["DR1", "PC1", "ET1", "ET1", "ET2", "ET3", "ET1", "MD2", "DI1"]
    story = Told(2).tell(*(on(9 + place, code) for place, code in enumerate(codes)))
    assert (story.parcel.status, story.parcel.country, len(story.lines)) == ("delivered", "CN", 9)
    assert [story.lines[place] for place in (2, 3, 6)] == ["in_transit", "in_transit", "in_destination_network"]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([on(9, "DI1"), on(10, "RE1"), on(20, "DI2")], "returned"),
        ([on(9, "RE1"), on(10, "MD2")], "out_for_delivery"),
        ([on(9, "MD2", "13:00:00"), on(9, "DI1", "14:00:00"), on(9, "ET1", "14:05:00")], "delivered"),
        ([on(9, "PCHCFM"), on(10, "AAREXP"), on(11, "LIVVOI")], "delivered"),
        ([on(9, "AG1"), on(10, "ID1")], "available_for_pickup"),
        ([on(9, "AG1"), on(10, "ET1")], "in_destination_network"),
        ([on(9, "PC1"), on(10, "PCHCFM"), on(11, "RENNPA")], "returning"),
    ],
)
def test_the_status_that_a_person_would_give(events: list[dict[str, Any]], status: str) -> None:
    """Told in one answer, and in as many call-backs, the last one first."""
    assert Told(2).tell(*events).parcel.status == status
    backwards = Told(2)
    for event in reversed(events):
        backwards.tell(event)
    assert backwards.parcel.status == status


def test_four_call_backs_that_come_backwards() -> None:
    story = Told(2)
    for event in (on(12, "DI1"), on(11, "MD2"), on(10, "ET3"), on(9, "PC1")):
        story.tell(event)
    assert story.parcel.status == "delivered"
    assert story.lines == ["accepted", "arrived_destination", "out_for_delivery", "delivered"]


def test_what_is_repeated_ends_a_parcel_once() -> None:
    story = Told(2)
    for _ in range(2):
        story.tell(on(9, "PC1"), on(10, "ET3"), on(12, "DI1"))
    story.tell(on(8, "DR1"), on(9, "ET1"))
    assert story.parcel.status == "delivered"
    assert len(story.facts.all(ParcelDelivered)) == 1


def test_customs_two_hours_before_the_arrival_are_on_neither_side() -> None:
    """DO1 at 8 without a country, ET3 at 10."""
    story = Told(2).tell(on(6, "DO1", "08:00:00"), on(6, "ET3", "10:00:00"))
    assert story.lines == ["customs", "arrived_destination"]


def test_steps_without_events_are_an_acceptance() -> None:
    steps = [
        {"id": 1, "status": True, "date": "2026-11-08T18:00:00+01:00"},
        {"id": 2, "status": True, "date": "2026-11-09T09:30:00+01:00"},
        {"id": 3, "status": False},
    ]
    story = Told(2).tell(timeline=steps)
    assert (story.parcel.status, story.parcel.status_at) == ("accepted", datetime(2026, 11, 9, 8, 30, tzinfo=UTC))


def test_two_events_of_one_minute_are_two_lines() -> None:
    story = Told(2).tell(on(9, "ET1", "07:34:12"), on(9, "ET1", "07:34:50"))
    assert len(story.lines) == 2


def test_events_of_foreign_posts_are_read() -> None:
    story = Told(2).tell(*(on(9 + place, code) for place, code in enumerate(["EMA", "EMC", "EMD", "EDG", "EMI"])))
    assert story.lines == ["accepted", "departed_origin", "arrived_destination", "out_for_delivery", "delivered"]


def test_a_delay_is_a_flag_and_no_return() -> None:
    story = Told(2).tell(on(9, "PC1"), on(10, "DI3"))
    assert (story.parcel.status, story.parcel.flags) == ("accepted", ("delayed",))


@pytest.mark.parametrize(
    ("date", "why"), [("2025-03-01T10:00:00+01:00", "too_early"), ("2027-06-01T10:00:00+02:00", "in_the_future")]
)
def test_a_delivery_of_another_life_or_of_next_summer_moves_nothing(date: str, why: str) -> None:
    story = Told().tell({"code": "DI1", "date": date, "country": "DE"})
    assert story.set_aside == [why]
    assert (story.parcel.status, story.parcel.state) == ("announced", "handed_over")
    assert not {ParcelDelivered, OrderClosed, ParcelScanned} & {type(event) for event in story.facts}


def test_of_two_parcels_the_one_that_came_back_is_returned_and_the_other_under_way() -> None:
    story = Told(2).tell(on(9, "PC1"), on(10, "ET2"), on(11, "ET3"), on(12, "DI1"), on(13, "RE1", country="CN"))
    story.tell(on(9, "PC1"), parcel=2).tell(on(20, "DI2", country="FR"))
    first, second = story.document.parcels
    assert (first.status, first.country) == ("returned", "FR")
    assert first.stage != "end", "not all stages are done"
    assert (second.status, story.document.state) == ("accepted", "under_way")
    assert "Back in our warehouse" in story.page("en")


def test_a_closed_order_whose_parcel_comes_back_is_amended_and_a_case() -> None:
    story = Told().tell(on(9, "DI1"), on(10, "RE1"))
    assert story.parcel.status == "delivered"
    story.tell(on(20, "DI2"))
    assert story.parcel.status == "returned"
    assert [amended.outcome for amended in story.facts.all(OrderAmended)] == ["returned"]
    assert "delivered_then_returned" in story.reasons


@pytest.mark.parametrize(
    ("language", "says"),
    [("zh", "缺少发票"), ("fr", "la facture manque"), ("en", "the invoice is missing")],
)
def test_a_parcel_that_is_held_for_its_invoice_says_so(language: str, says: str) -> None:
    story = Told(2).tell(on(9, "PCHCFM"), on(10, "AAREXP"), on(11, "DOUFCM"))
    assert (story.parcel.state, story.parcel.reason) == ("customs_held", "missing_invoice")
    assert story.steps == [("service_desk", "answer_customs")]
    assert says in story.page(language)


def test_duties_at_the_door_are_the_recipients_and_no_hold() -> None:
    story = Told(2).tell(on(9, "PCHCFM"), on(10, "AAREXP"), on(11, "DOUTAX"))
    assert (story.parcel.state, story.parcel.flags, story.parcel.reason) == ("import_cleared", (), "duty_due")
    assert story.steps == [("recipient", "pay_duty")]
    assert story.reasons == []


def test_duties_that_were_paid_with_the_order_are_a_case() -> None:
    story = Told(2, tax="9.00").tell(on(9, "PCHCFM"), on(10, "AAREXP"), on(11, "DOUTAX"))
    assert story.reasons == ["charged_twice"]
    assert story.steps == [("service_desk", "look_into")]


def test_what_la_poste_reports_beside_its_events_is_on_the_page() -> None:
    story = Told(2).tell(
        on(9, "PC1"),
        estimDate="2026-12-05T00:00:00+01:00",
        contextData={
            "partner": {"name": "China Post", "reference": "LY000000014CN"},
            "removalPoint": {"name": "望京邮政支局"},
        },
    )
    page = story.page("fr")
    for words in ("samedi 5 décembre 2026", "China Post", "LY000000014CN", "望京邮政支局"):
        assert words in page
