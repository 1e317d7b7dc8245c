"""The document of an order: a function of the set of its facts, naming who must do what by when."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import topics
from contracts.base import Event, OrderEvent, order_stream
from contracts.carrier import ParcelDelivered, ParcelDetailsReported, ParcelReturned, ParcelScanned
from contracts.cases import CaseClosed
from contracts.customs import ImportCleared, ImportRefused, OrderRefused
from contracts.orders import HoldReleased, OrderClosed, ParcelEnd
from contracts.vocabularies import Flag, Status
from contracts.warehouse import (
    Shortage,
    StockRefused,
)
from services.tracking.domain.document import Document, derive, document_of
from services.tracking.domain.next_actions import ORDER_ACTIONS, PARCEL_ACTIONS, OrderState, ParcelState
from services.tracking.handlers import SUBSCRIPTIONS
from services.tracking.schemas import OrderTracking
from shared.ledger.facts import Facts
from tests.support.tracking_samples import (
    HELD,
    ORDER,
    OTHERS,
    SHIPPED,
    Scanned,
    case,
    closed,
    eur,
    label,
    placed,
    scan,
    screened,
    sets_of_facts,
    time_at,
)

RELEASED = next(event for event in OTHERS if isinstance(event, HoldReleased))


def document_from(events: Sequence[Event]) -> Document:
    document = document_of(Facts(order_stream(ORDER), events))
    assert document is not None
    return document


@given(sets_of_facts, st.randoms(use_true_random=False), st.data())
def test_any_shuffle_split_and_repetition_gives_the_same_bytes(
    events: list[Event], chance: random.Random, data: st.DataObject
) -> None:
    whole = derive(Facts(order_stream(ORDER), events))
    arriving = [*events, *(data.draw(st.lists(st.sampled_from(events), max_size=8)) if events else [])]
    chance.shuffle(arriving)
    grown = Facts(order_stream(ORDER))
    for event in arriving:
        grown.add(type(event).model_validate_json(event.model_dump_json()))
        derive(grown)  # what was derived on the way leaves no trace
    again = derive(grown)
    assert (again and again.body) == (whole and whole.body)
    assert (again and again.etag) == (whole and whole.etag)


@given(sets_of_facts)
def test_every_document_is_what_its_readers_were_promised(events: list[Event]) -> None:
    derived = derive(Facts(order_stream(ORDER), events))
    if derived is None:
        assert not events
        return
    document = OrderTracking.model_validate_json(derived.body, strict=True)
    assert json.loads(derived.body) == json.loads(document.model_dump_json(exclude_unset=True))
    assert b"amount" not in derived.body
    for parcel in derived.document.parcels:
        assert parcel.status not in ("customs", "customs_released")
        assert (
            PARCEL_ACTIONS[parcel.state] is None
            or parcel.final
            or any(n.parcel for n in document.next)
            or (document.state in ("cancel_requested", "withdrawn", "refused", "out_of_stock"))
        )


@given(sets_of_facts)
def test_the_timeline_is_the_set_of_facts_by_event_time_each_once(events: list[Event]) -> None:
    derived = derive(Facts(order_stream(ORDER), events))
    timeline = derived.document.timeline if derived else ()
    times = [entry.at for entry in timeline]
    assert times == sorted(times)
    told_by_a_scan = sum(1 for event in events if isinstance(event, ParcelDelivered)) - sum(
        1 for entry in timeline if entry.kind == "parcel-delivered"
    )
    beside_scans = sum(isinstance(event, ParcelDetailsReported) for event in events)
    assert len(timeline) == len(events) - told_by_a_scan - beside_scans
    scans = sorted((e.scanned_at, e.parcel, e.code) for e in events if isinstance(e, ParcelScanned))
    assert sorted((e.at, e.parcel, e.code) for e in timeline if e.kind == "parcel-scanned") == scans


def test_every_event_about_an_order_is_consumed() -> None:
    published = {
        event for topic in topics.subscribed_by("tracking") for event in topic.events if issubclass(event, OrderEvent)
    }
    assert set(SUBSCRIPTIONS) == published
    assert len(SUBSCRIPTIONS) == len(published)


def test_every_state_has_its_row() -> None:
    assert set(ORDER_ACTIONS) == set(get_args(OrderState))
    assert set(PARCEL_ACTIONS) == set(get_args(ParcelState))


@pytest.mark.parametrize(
    ("events", "state", "who"),
    [
        ([placed()], "placed", ("customs_desk", "screen")),
        (SHIPPED[:2], "screened", ("warehouse", "reserve")),
        (SHIPPED[:3], "reserved", ("warehouse", "pack")),
        ([*SHIPPED[:3], OTHERS[2]], "short", ("warehouse", "withdraw")),
        ([*SHIPPED[:4]], "packed", ("customs_desk", "declare")),
        ([*SHIPPED[:4], label(1), label(2)], "packed", ("warehouse", "hand_over")),
        ([*SHIPPED[:4], label(1), OTHERS[4]], "packed", ("warehouse", "withdraw")),
        ([*SHIPPED[:3], OTHERS[0]], "cancel_requested", ("warehouse", "answer_cancel")),
        ([*SHIPPED[:3], OTHERS[0], OTHERS[3]], "withdrawn", ("service_desk", "close_order")),
        ([*SHIPPED[:3], *HELD], "on_hold", ("seller", "release_hold")),
        ([*SHIPPED[:3], *HELD, OTHERS[0]], "cancel_requested", ("warehouse", "answer_cancel")),
        ([*SHIPPED[:3], *HELD, RELEASED], "reserved", ("warehouse", "pack")),
        (SHIPPED, "under_way", ("carrier", "take_in_charge")),
        ([*SHIPPED, OTHERS[0], OTHERS[1]], "under_way", ("carrier", "take_in_charge")),
        ([placed(), closed("refused", "38.00")], "closed", ("seller", "refund")),
    ],
)
def test_who_must_do_what(events: Sequence[Event], state: OrderState, who: tuple[str, str]) -> None:
    document = document_from(events)
    assert document.state == state
    assert who in [(step.actor, step.action) for step in document.next]
    assert all(step.by is not None for step in document.next)


def test_the_shopper_is_not_told_why_the_shop_holds_the_order() -> None:
    assert "fraud" not in str(document_from([placed(), *HELD]))


def test_refusals_before_packing() -> None:
    refused = OrderRefused(order_id=ORDER, occurred_at=time_at(1), reason="over_transaction_limit")
    assert (document_from([placed(), refused]).state, document_from([placed(), refused]).reason) == (
        "refused",
        "over_transaction_limit",
    )
    out_of_stock = StockRefused(
        order_id=ORDER, occurred_at=time_at(2), shortages=(Shortage(sku="SOAP-72", wanted=4, available=1),)
    )
    assert document_from([placed(), screened(), out_of_stock]).state == "out_of_stock"


@pytest.mark.parametrize(
    ("scanned", "state", "who", "by"),
    [
        ([("PC1", "accepted")], "accepted", ("carrier", "carry"), time_at(30) + timedelta(days=5)),
        ([("ET3", "arrived_destination"), ("AN1", None)], "arrived_destination",
         ("delivery_partner", "present_to_customs"), time_at(54) + timedelta(days=7)),
        ([("ET3", "arrived_destination"), ("DO3", "customs")], "customs_held",
         ("service_desk", "answer_customs"), time_at(54) + timedelta(days=7)),
        ([("AG1", "available_for_pickup"), ("AN1", None)], "available_for_pickup",
         ("recipient", "collect"), time_at(30) + timedelta(days=15)),
        ([("RE1", "returning")], "returning", ("carrier", "bring_back"), time_at(30) + timedelta(days=45)),
        ([("DI2", "returned")], "returned", ("warehouse", "book_in"), time_at(30) + timedelta(days=5)),
    ],
)  # fmt: skip
def test_who_must_move_a_parcel(scanned: list[Scanned], state: ParcelState, who: tuple[str, str], by: datetime) -> None:
    events = [*SHIPPED, *(scan(1, 30 + 24 * day, *code) for day, code in enumerate(scanned))]
    document = document_from(events)
    assert document.parcels[0].state == state
    steps = [(step.actor, step.action, step.by) for step in document.next if step.parcel == 1]
    assert steps == [(*who, by)]


def test_a_refusal_by_customs_counts_until_the_parcel_has_passed() -> None:
    refused = ImportRefused(order_id=ORDER, occurred_at=time_at(60), parcel=1, reason="ceb:100")
    so_far = [*SHIPPED, scan(1, 54, "ET3", "arrived_destination"), refused]
    assert document_from(so_far).parcels[0].state == "import_refused"
    cleared = ImportCleared(order_id=ORDER, occurred_at=time_at(70), parcel=1, cleared_at=time_at(70))
    for passed in ([cleared], [scan(1, 80, "DO2", "import_cleared")]):
        waits = document_from([*so_far, *passed, scan(1, 90, "AG1", "available_for_pickup")])
        assert waits.parcels[0].state == "available_for_pickup"
        assert ("recipient", "collect") in [(step.actor, step.action) for step in waits.next]


def test_an_open_case_comes_first_and_its_own_date_stands() -> None:
    document = document_from([*SHIPPED, scan(1, 30, "PC1", "accepted"), case("enquiry", 1)])
    assert document.parcels[0].state == "silent"
    assert [(s.actor, s.by) for s in document.next if s.parcel == 1] == [("service_desk", time_at(150))]
    assert [c.kind for c in document.cases] == ["enquiry"]
    answered = CaseClosed(order_id=ORDER, occurred_at=time_at(95), case="enquiry:1", kind="enquiry", resolution="found")
    freed = document_from([*SHIPPED, scan(1, 30, "PC1", "accepted"), case("enquiry", 1), answered])
    assert freed.parcels[0].state == "accepted"
    assert freed.cases == ()


def test_a_split_order_shows_each_parcel_in_its_own_state() -> None:
    document = document_from([*SHIPPED, scan(1, 30, "DI1", "delivered"), scan(2, 30, "ET2", "at_origin_exchange")])
    assert [(p.parcel, p.state, p.tracking_number) for p in document.parcels] == [
        (1, "delivered", "CY123456781FR"),
        (2, "at_origin_exchange", "CY123456782FR"),
    ]
    assert document.state == "under_way"
    assert {step.parcel for step in document.next} == {2}


def test_the_end_leaves_only_what_is_still_owed() -> None:
    delivered = [
        *SHIPPED,
        *(scan(p, 30, "DI1", "delivered") for p in (1, 2)),
        OrderClosed(
            order_id=ORDER, occurred_at=time_at(40), outcome="delivered", refund_due=eur("0"),
            parcels=tuple(ParcelEnd(parcel=p, outcome="delivered") for p in (1, 2)),
        ),
    ]  # fmt: skip
    document = document_from(delivered)
    assert (document.state, document.outcome, document.next, document.refund_due) == ("closed", "delivered", (), False)
    back = document_from([*SHIPPED, scan(1, 30, "DI2", "returned"), closed("lost", "19.00")])
    assert [(s.actor, s.action) for s in back.next if s.parcel in (None, 1)] == [
        ("seller", "refund"),
        ("warehouse", "book_in"),
    ]


def test_dead_letters_show_in_no_document() -> None:
    """A rebuilt service has other dead letters, or none; its documents must have the same bytes."""
    with_letter = derive(Facts(order_stream(ORDER), [*SHIPPED, case("dead_letter", None)]))
    without = derive(Facts(order_stream(ORDER), SHIPPED))
    assert with_letter is not None
    assert without is not None
    assert with_letter.body == without.body
    assert derive(Facts(order_stream(ORDER), [case("dead_letter", None)])) is None
    assert derive(Facts(order_stream(ORDER))) is None


def test_scans_that_come_before_their_order_are_shown() -> None:
    document = document_from([scan(1, 30, "PC1", "accepted")])
    assert document.number is None
    assert document.parcels[0].status == "accepted"


def test_an_order_whose_parcels_have_all_ended_waits_for_its_closing() -> None:
    document = document_from([*SHIPPED, scan(1, 30, "DI1", "delivered"), scan(2, 40, "DI1", "delivered")])
    assert (document.state, document.since) == ("ending", time_at(40))
    assert [(step.actor, step.action) for step in document.next] == [("service_desk", "close_order")]


def test_an_order_of_which_only_something_else_has_come_is_expected() -> None:
    document = document_from([case("needs_attention", None)])
    assert (document.state, document.since, document.number) == ("expected", time_at(80), None)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([placed()], None),
        ([placed(), OTHERS[3]], "shopper"),
        ([placed(), OTHERS[3], closed("cancelled")], "shopper"),
        ([placed(), closed("delivered")], None),
        ([placed(), closed("lost").model_copy(update={"reason": "said_by_carrier"})], "said_by_carrier"),
    ],
)
def test_the_reason_of_an_end_is_the_orders_or_else_that_of_the_withdrawal(
    events: Sequence[Event], reason: str | None
) -> None:
    assert document_from(events).reason == reason


@pytest.mark.parametrize(
    ("flag", "state", "who", "days"),
    [
        ("delivery_failed", "delivery_failed", ("delivery_partner", "deliver_again"), 3),
        ("problem", "problem", ("carrier", "solve_problem"), 5),
    ],
)
def test_what_blocks_a_parcel_counts_from_the_scan_that_reported_it(
    flag: Flag, state: ParcelState, who: tuple[str, str], days: int
) -> None:
    flagged = scan(1, 60, "XX1", None).model_copy(update={"sets": (flag,)})
    document = document_from([*SHIPPED, scan(1, 54, "MD2", "out_for_delivery"), flagged])
    assert (document.parcels[0].state, document.parcels[0].since) == (state, time_at(60))
    assert [(s.actor, s.action, s.by) for s in document.next if s.parcel == 1] == [
        (*who, time_at(60) + timedelta(days=days))
    ]


def test_who_could_not_deliver_has_been_at_the_door_whatever_was_scanned_before() -> None:
    failed = scan(1, 60, "ND1", None).model_copy(update={"sets": ("delivery_failed",)})
    document = document_from([*SHIPPED, scan(1, 54, "ET3", "arrived_destination"), failed])
    assert document.parcels[0].stage == "last_mile"


def timeline_of(*events: Event) -> list[tuple[str, datetime, str | None]]:
    return [(entry.kind, entry.at, entry.reason) for entry in document_from(events).timeline]


def test_an_outcome_is_an_entry_only_where_no_scan_of_the_parcel_reports_it() -> None:
    delivered = ParcelDelivered(order_id=ORDER, occurred_at=time_at(121), parcel=1, delivered_at=time_at(120))
    returned = ParcelReturned(
        order_id=ORDER, occurred_at=time_at(131), parcel=2, returned_at=time_at(130), reason="laposte:DI2"
    )
    assert timeline_of(delivered, returned) == [
        ("parcel-delivered", time_at(120), None),
        ("parcel-returned", time_at(130), "laposte:DI2"),
    ]
    reported = (scan(1, 120, "DI1", "delivered"), scan(2, 130, "DI2", "returned"))
    assert timeline_of(delivered, returned, *reported) == [
        ("parcel-scanned", time_at(120), None),
        ("parcel-scanned", time_at(130), None),
    ]
    others = (scan(2, 120, "DI1", "delivered"), scan(1, 130, "DI2", "returned"))
    assert len(timeline_of(delivered, returned, *others)) == 4


def reasoned(hour: float, code: str, status: Status | None, reason: str | None, flags: tuple[Flag, ...] = ()) -> Event:
    scanned = scan(1, hour, code, status)
    return scanned.model_copy(update={"reason": reason, "sets": flags, "clears": () if flags else ("customs_held",)})


ARRIVED = scan(1, 50, "ET3", "arrived_destination")
INVOICE = reasoned(54, "DOUFCM", None, "missing_invoice", ("customs_held",))
DUTY = reasoned(60, "DOUTAX", "import_cleared", "duty_due")


def test_a_parcel_whose_duties_are_due_is_not_held_and_its_recipient_pays() -> None:
    document = document_from([*SHIPPED, ARRIVED, DUTY])
    parcel = document.parcels[0]
    assert (parcel.state, parcel.flags, parcel.reason) == ("import_cleared", (), "duty_due")
    assert ("recipient", "pay_duty") in [(step.actor, step.action) for step in document.next if step.parcel == 1]


def test_a_held_parcel_says_what_is_missing_until_it_is_released() -> None:
    parcel = document_from([*SHIPPED, ARRIVED, INVOICE]).parcels[0]
    assert (parcel.state, parcel.reason) == ("customs_held", "missing_invoice")
    more = [*SHIPPED, ARRIVED, INVOICE, DUTY]
    assert document_from(more).parcels[0].reason == "duty_due"
    unsaid = reasoned(70, "DO3", None, None, ("customs_held",))
    assert document_from([*more, unsaid]).parcels[0].reason is None
    assert document_from([*more, unsaid, scan(1, 71, "DO2", "customs_released")]).parcels[0].reason == "duty_due"
    assert document_from([*more, scan(1, 80, "DI1", "delivered")]).parcels[0].reason is None


def test_what_the_scan_says_is_missing_stands_in_the_timeline() -> None:
    assert "missing_invoice" in [entry.reason for entry in document_from([*SHIPPED, INVOICE]).timeline]


def test_after_the_answer_customs_decides() -> None:
    waiting = case("needs_attention", 1).model_copy(update={"action": "await_customs"})
    document = document_from([*SHIPPED, ARRIVED, INVOICE, waiting])
    assert [(step.actor, step.action, step.by) for step in document.next if step.parcel == 1] == [
        ("import_customs", "clear", waiting.due_at)
    ]


def test_a_parcel_that_waits_for_instructions_waits_for_its_recipient() -> None:
    incident = reasoned(60, "REFINS", None, "instructions_needed", ("problem",))
    document = document_from([*SHIPPED, ARRIVED, incident])
    assert ("recipient", "give_instructions") in [(step.actor, step.action) for step in document.next]
