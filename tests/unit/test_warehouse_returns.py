"""Parcels that come back: announced, expected by a day, a case when they do not come, booked in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contracts.base import Event
from contracts.carrier import ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.vocabularies import Status
from contracts.warehouse import ParcelReceivedBack
from services.warehouse.domain.expected_returns import expected_returns, outputs
from shared.ledger.facts import DecisionContext, Output, Timer
from tests.support.warehouse_samples import HANDED_OVER, ORDER, PACKED, known, label

SENT = (*PACKED, label(1), label(2), HANDED_OVER)


def day(number: int) -> datetime:
    return datetime(2026, 12, 1, 9, tzinfo=UTC) + timedelta(days=number)


def scan(code: str, status: Status | None, number: int, parcel: int = 1) -> ParcelScanned:
    return ParcelScanned(
        order_id=ORDER,
        occurred_at=day(number),
        parcel=parcel,
        tracking_number=f"T1-{parcel}",
        code=code,
        status=status,
        scanned_at=day(number),
        utc_offset_minutes=60,
        country="CN",
    )


RE1 = scan("RE1", "returning", 10)
DI2 = scan("DI2", "returned", 30)
BACK = ParcelReturned(order_id=ORDER, occurred_at=day(30), parcel=1, returned_at=day(30), reason="DI2")
BOOKED = ParcelReceivedBack(order_id=ORDER, occurred_at=day(31), parcel=1)
LOST = ParcelLost(order_id=ORDER, occurred_at=day(40), parcel=1, said_by="operator")
DESTROYED = ParcelDestroyed(order_id=ORDER, occurred_at=day(40), parcel=1, reason="destroyed")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([scan("ET1", "in_transit", 5)], None),
        ([RE1], ("returning", "RE1", 10, 10, 55)),
        ([scan("RE1", "returning", 12), RE1], ("returning", "RE1", 10, 10, 55)),  # the first one announces it
        ([RE1, scan("ET1", "in_transit", 12), scan("XX9", None, 13)], ("returning", "RE1", 10, 10, 55)),
        ([RE1, DI2], ("returned", "DI2", 10, 30, 35)),
        ([RE1, DI2, BACK], ("returned", "DI2", 10, 30, 35)),
        ([BACK], ("returned", "DI2", 30, 30, 35)),  # never announced
        ([RE1, scan("MD2", "out_for_delivery", 11)], None),  # the refusal was taken back
        ([RE1, scan("DI1", "delivered", 12)], None),
        ([scan("DI1", "delivered", 9), RE1], None),  # it stays delivered until it is back
        ([scan("DI1", "delivered", 9), DI2], ("returned", "DI2", 30, 30, 35)),
        ([RE1, LOST], None),
        ([RE1, DESTROYED], None),
        ([RE1, DI2, BACK, BOOKED], None),
        ([RE1, BOOKED], None),
        ([scan("RE1", "returning", 10, parcel=9)], None),  # none of the order's
    ],
)
def test_what_is_expected_back(events: list[Event], expected: tuple[str, str, int, int, int] | None) -> None:
    rows = [
        (row.state, row.reason, row.announced_at, row.since, row.expected_by)
        for row in expected_returns(known(*SENT, *events))
    ]
    if expected is None:
        assert rows == []
    else:
        state, reason, *days = expected
        assert rows == [(state, reason, *map(day, days))]


def test_each_parcel_of_an_order_is_expected_by_itself() -> None:
    rows = expected_returns(known(*SENT, RE1, scan("RE1", "returning", 20, parcel=2)))
    assert [(row.parcel, row.tracking_number, row.expected_by) for row in rows] == [
        (1, label(1).tracking_number, day(55)),
        (2, label(2).tracking_number, day(65)),
    ]


def test_without_its_label_no_number_is_known_that_could_be_expected() -> None:
    assert expected_returns(known(*PACKED, RE1)) == []


def decided(now: int, *events: Event, caught_up: bool = True) -> list[Output]:
    return list(outputs(known(*SENT, *events), DecisionContext(now=day(now), caught_up=caught_up)))


def opened(now: int, *events: Event) -> CaseOpened:
    (case,) = decided(now, *events)
    assert isinstance(case, CaseOpened)
    return case


def test_one_that_does_not_come_by_its_day_is_a_case() -> None:
    timer = Timer(known(*SENT).stream, day(55))
    assert decided(54, RE1) == [timer]
    assert decided(56, RE1, caught_up=False) == [timer]
    case = opened(56, RE1)
    assert (case.service, case.kind, case.matter, case.parcel) == ("warehouse", "needs_attention", "return", 1)
    assert (case.reason, case.action, case.since, case.due_at) == ("return_overdue", "look_into", day(10), day(59))
    assert decided(57, RE1, case) == []


def test_one_that_is_not_booked_in_is_a_case_of_its_own() -> None:
    on_its_way = opened(56, RE1)
    brought = scan("DI2", "returned", 57)
    timer, closed = decided(58, RE1, on_its_way, brought)
    assert timer == Timer(known(*SENT).stream, day(62))
    assert isinstance(closed, CaseClosed)
    assert (closed.case, closed.resolution) == (on_its_way.case, "brought_back")
    case = opened(63, RE1, on_its_way, brought, closed)
    assert case.case != on_its_way.case
    (received,) = decided(64, RE1, on_its_way, brought, closed, case, BOOKED)
    assert isinstance(received, CaseClosed)
    assert (received.case, received.resolution) == (case.case, "received_back")


@pytest.mark.parametrize(
    ("end", "resolution"), [(BOOKED, "received_back"), (LOST, "not_coming_back"), (DESTROYED, "not_coming_back")]
)
def test_the_book_in_or_another_end_closes_the_case(end: Event, resolution: str) -> None:
    case = opened(56, RE1)
    late = end.model_copy(update={"occurred_at": day(57)})
    (closed,) = decided(58, RE1, case, late)
    assert isinstance(closed, CaseClosed)
    assert closed.resolution == resolution
    assert decided(59, RE1, case, late, closed) == []


def test_cases_of_others_are_left_alone() -> None:
    other = CaseOpened(
        order_id=ORDER,
        occurred_at=day(1),
        case="needs_attention:undecided:warehouse",
        service="warehouse",
        kind="needs_attention",
        matter="undecided",
        reason="undecided",
        action="look_into",
    )
    assert decided(12, other) == []
