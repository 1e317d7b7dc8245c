"""The state of an order, how long it may stay in it, and what follows when it stays longer."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.base import Event, order_stream
from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import CancelRequested, OrderAmended, OrderClosed
from contracts.warehouse import CancelTooLate, OrderWithdrawn
from services.orders.domain.deadlines import DEADLINES
from services.orders.domain.decide import ERASE_PERSON, RETENTION, ErasureRequested, decide, order_id_of
from services.orders.domain.status import STATES as STATE_RULES
from services.orders.domain.status import StateRule, WaitingState, order_status, parcel_state
from services.persons.facts import PersonErased, PersonRecorded
from shared.ledger.facts import DecisionContext, Facts, Job, Timer
from tests.support.orders_samples import (
    DAY,
    ORDER,
    RESERVED,
    SCREENED,
    STATES,
    closed_case,
    declared,
    delivered,
    handed_over,
    label,
    lost,
    opened,
    packed,
    scan,
    settle,
    time_at,
    until,
)

BEFORE_HAND_OVER: tuple[WaitingState, ...] = ("placed", "screened", "reserved", "packed", "declared", "labelled")


@pytest.mark.parametrize("state", STATES)
def test_an_undisturbed_order_passes_through_every_state(state: WaitingState) -> None:
    status = order_status(until(state))
    assert status is not None
    assert status.state == state
    assert status.since == time_at(STATES.index(state))
    assert status.too_late_to_withdraw is (state not in BEFORE_HAND_OVER)


@pytest.mark.parametrize("missing", [SCREENED, RESERVED])
def test_a_later_fact_stands_for_an_earlier_one_that_has_not_come(missing: Event) -> None:
    facts = Facts(order_stream(ORDER), [event for event in until("labelled") if event.id != missing.id])
    status = order_status(facts)
    assert status is not None
    assert status.state == "labelled"


def test_an_order_is_no_further_than_its_last_parcel() -> None:
    facts = until("packed")
    for event in (declared(1), label(1), handed_over(1), scan(1), delivered(1)):
        facts.add(event)
    status = order_status(facts)
    assert status is not None
    assert status.state == "packed"
    assert status.too_late_to_withdraw
    assert [parcel_state(facts, n) for n in (1, 2)] == ["delivered", "packed"]


def test_a_scan_proves_the_hand_over_and_an_announcement_does_not() -> None:
    facts = until("labelled")
    facts.add(scan(1, status="announced", code="DR1"))
    facts.add(scan(1, status=None, code="ID1"))
    status = order_status(facts)
    assert status is not None
    assert not status.too_late_to_withdraw
    facts.add(scan(1, status="accepted"))
    status = order_status(facts)
    assert status is not None
    assert status.too_late_to_withdraw


@pytest.mark.parametrize("rule", STATE_RULES, ids=lambda rule: rule.state)
def test_no_state_is_reached_by_a_person_s_record_alone(rule: StateRule) -> None:
    assert rule.reached(Facts(order_stream(ORDER), [PersonRecorded(order_id=ORDER, occurred_at=time_at(0))]), 1) is None


def test_an_order_that_was_not_placed_has_no_outputs() -> None:
    facts = Facts(order_stream(ORDER), [SCREENED, RESERVED, packed()])
    assert order_status(facts) is None
    assert decide(facts, DecisionContext(time_at(400), caught_up=True)) == []


@pytest.mark.parametrize("state", STATES)
def test_before_its_deadline_an_order_only_sets_a_timer(state: WaitingState) -> None:
    facts = until(state)
    limit = time_at(STATES.index(state)) + DEADLINES[state]
    assert decide(facts, DecisionContext(limit - timedelta(seconds=1), caught_up=True)) == [
        Timer(order_stream(ORDER), limit)
    ]


@pytest.mark.parametrize("state", STATES)
def test_a_deadline_does_not_act_while_we_lag_behind(state: WaitingState) -> None:
    limit = time_at(STATES.index(state)) + DEADLINES[state]
    assert decide(until(state), DecisionContext(limit + DAY)) == [Timer(order_stream(ORDER), limit)]


@pytest.mark.parametrize("state", STATES)
def test_a_deadline_asks_to_withdraw_before_the_hand_over_and_asks_a_person_after_it(state: WaitingState) -> None:
    facts = until(state)
    now = time_at(STATES.index(state)) + DEADLINES[state]
    (outputs,) = decide(facts, DecisionContext(now, caught_up=True))
    if state in BEFORE_HAND_OVER:
        assert outputs == CancelRequested(order_id=ORDER, occurred_at=now, reason=f"deadline:{state}")
    else:
        assert isinstance(outputs, CaseOpened)
        assert (outputs.kind, outputs.case, outputs.action) == (
            "needs_attention",
            f"needs_attention:{state}",
            "look_into",
        )


def test_a_label_that_lies_about_is_no_reason_to_withdraw_once_another_parcel_has_left() -> None:
    facts = until("labelled")
    facts.add(handed_over(1))
    (outputs,) = decide(facts, DecisionContext(time_at(5) + DEADLINES["labelled"], caught_up=True))
    assert isinstance(outputs, CaseOpened)


def test_deadlines_rest_while_a_case_is_open_and_go_on_after_it() -> None:
    facts = until("in_transit")
    facts.add(opened(days=9))
    assert decide(facts, DecisionContext(time_at(300), caught_up=True)) == []
    facts.add(closed_case(days=11))
    facts.add(opened("enquiry:2", days=10))
    facts.add(closed_case("enquiry:2", days=14))
    limit = time_at(7) + DEADLINES["in_transit"] + 5 * DAY
    assert decide(facts, DecisionContext(time_at(15), caught_up=True)) == [Timer(order_stream(ORDER), limit)]


def test_a_case_from_before_the_state_does_not_prolong_it() -> None:
    facts = until("in_transit")
    facts.add(opened(days=4))
    facts.add(closed_case(days=6))
    assert decide(facts, DecisionContext(time_at(8))) == [
        Timer(order_stream(ORDER), time_at(7) + DEADLINES["in_transit"])
    ]


def test_our_case_closes_when_the_order_moves_on() -> None:
    facts = until("handed_over")
    now = time_at(6) + DEADLINES["handed_over"]
    (case,) = decide(facts, DecisionContext(now, caught_up=True))
    assert isinstance(case, CaseOpened)
    facts.add(case)
    assert decide(facts, DecisionContext(now + 30 * DAY, caught_up=True)) == []
    facts.add(scan(1, days=20))
    facts.add(scan(2, days=20))
    outputs = decide(facts, DecisionContext(time_at(20)))
    assert [(e.case, e.resolution) for e in outputs if isinstance(e, CaseClosed)] == [(case.case, "moved_on")]


def test_a_case_that_a_person_closed_comes_again_when_nothing_has_moved() -> None:
    facts = until("handed_over")
    now = time_at(6) + DEADLINES["handed_over"]
    (case,) = decide(facts, DecisionContext(now, caught_up=True))
    assert isinstance(case, CaseOpened)
    facts.add(case)
    facts.add(closed_case(case.case, days=15))
    again = time_at(15) + DEADLINES["handed_over"]
    assert decide(facts, DecisionContext(time_at(16), caught_up=True)) == [Timer(order_stream(ORDER), again)]
    (second,) = decide(facts, DecisionContext(again, caught_up=True))
    assert isinstance(second, CaseOpened)
    assert second.case == f"{case.case}:2"


def test_a_cancel_that_nobody_answers_becomes_a_case() -> None:
    facts = until("reserved")
    facts.add(CancelRequested(order_id=ORDER, occurred_at=time_at(2.5), reason="shopper"))
    status = order_status(facts)
    assert status is not None
    assert (status.state, status.cancel, status.waiting_state) == ("reserved", "requested", "cancelling")
    limit = time_at(2.5) + DEADLINES["cancelling"]
    assert decide(facts, DecisionContext(time_at(3))) == [Timer(order_stream(ORDER), limit)]
    (case,) = decide(facts, DecisionContext(limit, caught_up=True))
    assert isinstance(case, CaseOpened)
    assert case.reason == "deadline:cancelling"
    facts.add(case)
    facts.add(OrderWithdrawn(order_id=ORDER, occurred_at=limit, reason="shopper"))
    outputs = decide(facts, DecisionContext(limit + DAY))
    assert {type(event) for event in outputs} == {CaseClosed, OrderClosed}


def test_a_cancel_that_came_too_late_changes_nothing_but_the_flag() -> None:
    facts = until("handed_over")
    facts.add(CancelRequested(order_id=ORDER, occurred_at=time_at(6.5), reason="shopper"))
    facts.add(CancelTooLate(order_id=ORDER, occurred_at=time_at(6.6), reason="shopper"))
    status = order_status(facts)
    assert status is not None
    assert (status.waiting_state, status.cancel, status.too_late_to_withdraw) == ("handed_over", "too_late", True)
    assert decide(facts, DecisionContext(time_at(7))) == [
        Timer(order_stream(ORDER), time_at(6) + DEADLINES["handed_over"])
    ]


# --- after the end ----------------------------------------------------------------------------------------------


def test_found_after_lost_is_amended_once_and_put_before_a_person() -> None:
    facts = until("in_transit")
    for event in (lost(1), lost(2)):
        facts.add(event)
    assert [e.outcome for e in settle(facts, time_at(30)) if isinstance(e, OrderClosed)] == ["lost"]
    facts.add(scan(1, days=33, status="out_for_delivery", code="MD2"))
    (moved,) = settle(facts, time_at(33))
    assert isinstance(moved, CaseOpened)
    assert (moved.case, moved.reason) == ("amendment:1:moved", "lost_then_moved")
    facts.add(delivered(1, days=34))
    published = settle(facts, time_at(34))
    (amended,) = [e for e in published if isinstance(e, OrderAmended)]
    assert (amended.parcel, amended.previous, amended.outcome) == (1, "lost", "delivered")
    assert [e.case for e in published if isinstance(e, CaseOpened)] == ["amendment:1:delivered"]
    assert [e.case for e in published if isinstance(e, CaseClosed)] == ["amendment:1:moved"]
    assert settle(facts, time_at(35)) == []
    (closed,) = facts.all(OrderClosed)
    assert closed.outcome == "lost"


def test_a_parcel_that_moves_although_its_order_was_withdrawn_is_seen() -> None:
    facts = until("labelled")
    facts.add(OrderWithdrawn(order_id=ORDER, occurred_at=time_at(5.5), reason="shopper"))
    settle(facts, time_at(5.5))
    facts.add(scan(2, status="announced", code="DR1"))
    assert settle(facts, time_at(6)) == []
    facts.add(scan(2, status="accepted"))
    assert [e.case for e in settle(facts, time_at(7)) if isinstance(e, CaseOpened)] == ["amendment:2:moved"]
    facts.add(delivered(2))
    assert [(e.previous, e.outcome) for e in settle(facts, time_at(15)) if isinstance(e, OrderAmended)] == [
        ("cancelled", "delivered")
    ]


def test_a_parcel_that_was_handed_over_although_its_order_was_withdrawn_is_seen_before_any_scan() -> None:
    facts = until("labelled")
    facts.add(OrderWithdrawn(order_id=ORDER, occurred_at=time_at(5.5), reason="shopper"))
    settle(facts, time_at(5.5))
    facts.add(handed_over(2))
    (case,) = settle(facts, time_at(6))
    assert isinstance(case, CaseOpened)
    assert (case.case, case.parcel, case.reason) == ("amendment:2:moved", 2, "cancelled_then_moved")


def test_a_straggling_scan_after_delivery_is_nothing() -> None:
    facts = until("in_transit")
    for event in (delivered(1), delivered(2)):
        facts.add(event)
    settle(facts, time_at(16))
    facts.add(scan(1, days=20, status="in_transit", code="ET1"))
    assert settle(facts, time_at(20)) == []


# --- the person's record ----------------------------------------------------------------------------------------


def finished() -> Facts:
    facts = until("in_transit")
    for event in (delivered(1), delivered(2)):
        facts.add(event)
    settle(facts, time_at(15))
    return facts


def test_the_record_goes_by_itself_after_its_time() -> None:
    facts = finished()
    assert decide(facts, DecisionContext(time_at(16))) == [Timer(order_stream(ORDER), time_at(15) + RETENTION)]
    assert decide(facts, DecisionContext(time_at(15) + RETENTION)) == [Job(ERASE_PERSON, order_stream(ORDER))]
    facts.add(PersonErased(order_id=ORDER, occurred_at=time_at(15) + RETENTION))
    assert decide(facts, DecisionContext(time_at(16) + RETENTION)) == []


def test_an_erasure_asked_for_in_flight_waits_for_the_end() -> None:
    request = ErasureRequested(order_id=ORDER, occurred_at=time_at(8))
    facts = until("in_transit")
    facts.add(request)
    assert not [outputs for outputs in decide(facts, DecisionContext(time_at(9))) if isinstance(outputs, Job)]
    facts = finished()
    facts.add(request)
    assert decide(facts, DecisionContext(time_at(16))) == [Job(ERASE_PERSON, order_stream(ORDER))]


def test_an_order_has_one_id_however_often_it_is_named() -> None:
    assert order_id_of("maison", "A-1") == ORDER
    assert isinstance(ORDER, UUID)
    assert len({order_id_of("maison", "A-1"), order_id_of("maison", "A-2"), order_id_of("atelier", "A-1")}) == 3
