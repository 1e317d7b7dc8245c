"""A pause of labels suspends the deadline of an order that waits for one, and of no other."""

from __future__ import annotations

from datetime import datetime

import pytest

from contracts.base import Event
from contracts.orders import CancelRequested
from services.orders.domain.deadlines import DEADLINES, deadline, suspended
from services.orders.domain.decide import decide
from services.orders.domain.document import document
from services.orders.domain.pauses import LOOK_AGAIN, Pause, concerning, earliest_wait
from services.orders.domain.status import WaitingState, order_status
from shared.ledger.facts import DecisionContext, Facts, Output, Timer
from tests.support.orders_samples import STATES, closed_case, opened, time_at, until

DECLARED_AT = time_at(4)
ALLOWED = DEADLINES["declared"]


def pause(since: float, until: float | None, operation: str = "labels", counterpart: str = "carrier.laposte") -> Pause:
    return Pause(counterpart, operation, time_at(since), None if until is None else time_at(until))


def limit(facts: Facts, *pauses: Pause) -> datetime | None:
    status = order_status(facts)
    assert status is not None
    return deadline(facts, status, pauses)


def decided(facts: Facts, days: float, *pauses: Pause) -> list[Output]:
    return decide(facts, DecisionContext(time_at(days), caught_up=True), pauses)


def test_while_labels_are_paused_no_deadline_acts() -> None:
    waiting, lasting = until("declared"), pause(5, None)
    assert limit(waiting, lasting) is None
    shown = document(waiting, [lasting])
    assert shown is not None
    assert shown["deadline"] is None
    (timer,) = decided(waiting, 40, lasting)
    assert timer == Timer(waiting.stream, time_at(40) + LOOK_AGAIN)
    (cancel,) = decided(waiting, 40)
    assert isinstance(cancel, CancelRequested)


def test_after_a_pause_of_eight_days_the_clock_goes_on() -> None:
    waiting, ended = until("declared"), pause(5, 13)
    assert limit(waiting, ended) == DECLARED_AT + ALLOWED + (time_at(13) - time_at(5))
    assert decided(waiting, 13, ended) == [Timer(waiting.stream, time_at(19))]
    (cancel,) = decided(waiting, 19, ended)
    assert isinstance(cancel, CancelRequested)


@pytest.mark.parametrize(
    ("pauses", "days"),
    [
        ([pause(0, 3)], 0),
        ([pause(2, 6)], 2),
        ([pause(5, 7), pause(9, 10)], 3),
        ([pause(5, 7, operation="manifests")], 0),
        ([pause(5, 7, counterpart="carrier.other")], 0),
    ],
)
def test_only_the_time_of_the_wait_during_a_pause_of_what_is_waited_for_counts(
    pauses: list[Pause], days: float
) -> None:
    assert limit(until("declared"), *pauses) == DECLARED_AT + ALLOWED + (time_at(days) - time_at(0))


def test_a_pause_and_a_case_at_the_same_time_count_once() -> None:
    waiting = until("declared")
    events: tuple[Event, ...] = (opened("needs_attention:1:label-1", 5), closed_case("needs_attention:1:label-1", 8))
    for event in events:
        waiting.add(event)
    assert limit(waiting, pause(6, 10)) == DECLARED_AT + ALLOWED + (time_at(10) - time_at(5))


@pytest.mark.parametrize("state", [state for state in STATES if state != "declared"])
def test_an_order_that_waits_for_something_else_has_its_deadline(state: WaitingState) -> None:
    facts = until(state)
    assert limit(facts, pause(0, None)) == limit(facts)
    assert concerning(facts, state, [pause(0, None)]) == []


def test_pauses_are_asked_for_only_while_a_label_may_be_waited_for() -> None:
    waits = {state: earliest_wait(until(state)) for state in STATES}
    assert waits == dict.fromkeys(STATES) | {"declared": DECLARED_AT, "labelled": DECLARED_AT}


def test_overlapping_spans_count_once_and_only_from_the_beginning_of_the_wait() -> None:
    spans = [(time_at(9), time_at(10)), (time_at(0), time_at(3)), (time_at(2), time_at(5)), (time_at(4), time_at(4))]
    assert suspended(spans, time_at(1)) == time_at(5) - time_at(0)
    assert suspended([], time_at(1)) == time_at(0) - time_at(0)
