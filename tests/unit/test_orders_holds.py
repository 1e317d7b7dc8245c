"""Holds and changes of an order: when they are possible, what deadlines do meanwhile, and what is offered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import get_args

import pytest

from contracts.base import Event, order_stream
from contracts.cases import CaseOpened
from contracts.orders import CancelRequested, ChangeRequested, HoldReleased, HoldRequested, OrderClosed
from contracts.vocabularies import CONTACT_PARTS, ORDER_HOLD_REASONS
from contracts.warehouse import ChangeTooLate, HoldTooLate, OrderChanged, OrderHeld, OrderWithdrawn
from services.orders.domain.changes import MAX_CHANGES, change_refused, changed_parts, changes, request_change
from services.orders.domain.deadlines import DEADLINES
from services.orders.domain.decide import decide
from services.orders.domain.document import document
from services.orders.domain.holds import MAX_HOLDS, MAX_OPEN, HoldReason, holds, place, release
from services.orders.domain.refusals import Conflict
from services.orders.domain.status import WaitingState, order_status
from services.orders.domain.supported_actions import supported_actions
from services.persons.facts import PersonErased, PersonRecorded, contact_recorded, contact_version
from shared.ledger.facts import DecisionContext, Facts, Timer
from tests.support.customs_samples import CONTACT
from tests.support.orders_samples import (
    DAY,
    ORDER,
    STATES,
    closed_case,
    delivered,
    eur,
    handed_over,
    opened,
    settle,
    time_at,
    until,
)

CAUGHT_UP = True
BEFORE_PACKING: tuple[WaitingState, ...] = ("placed", "screened", "reserved")


def requested(handle: str = "risk", days: float = 2, turn: int = 1, holder: str = "marketplace") -> HoldRequested:
    return HoldRequested(
        order_id=ORDER,
        occurred_at=time_at(days),
        hold=f"{holder}:{handle}:{turn}",
        holder=holder,
        handle=handle,
        turn=turn,
        reason="fraud_check",
    )


def held(hold: HoldRequested, days: float = 2) -> OrderHeld:
    return OrderHeld(order_id=ORDER, occurred_at=time_at(days), hold=hold.hold)


def too_late(hold: HoldRequested, days: float = 4) -> HoldTooLate:
    return HoldTooLate(order_id=ORDER, occurred_at=time_at(days), hold=hold.hold)


def released(hold: HoldRequested, days: float) -> HoldReleased:
    return HoldReleased(order_id=ORDER, occurred_at=time_at(days), hold=hold.hold)


def known(state: WaitingState, *events: Event) -> Facts:
    facts = until(state)
    for event in events:
        facts.add(event)
    return facts


def actions(facts: Facts) -> list[str]:
    status = order_status(facts)
    assert status is not None
    return list(supported_actions(facts, status))


def test_the_reasons_of_holds_are_those_of_the_contract() -> None:
    assert get_args(HoldReason) == ORDER_HOLD_REASONS


def test_a_hold_is_placed_once_and_again_after_its_release() -> None:
    facts = until("reserved")
    first = place(facts, "marketplace", "risk", "fraud_check", time_at(2))
    facts.add(first)
    assert place(facts, "marketplace", "risk", "fraud_check", time_at(3)) is first
    facts.add(place(facts, "operator", "risk", "other", time_at(3)))
    release_of_first = release(facts, "marketplace", "risk", time_at(4))
    assert release_of_first is not None
    facts.add(release_of_first)
    assert release(facts, "marketplace", "risk", time_at(5)) is None
    second = place(facts, "marketplace", "risk", "address_check", time_at(6))
    facts.add(second)
    assert (second.turn, second.hold) == (2, "marketplace:risk:2")
    assert [(hold.request.hold, hold.state) for hold in holds(facts)] == [
        ("marketplace:risk:1", "released"),
        ("operator:risk:1", "requested"),
        ("marketplace:risk:2", "requested"),
    ]


def test_a_hold_for_another_reason_is_not_the_same_and_an_unknown_one_is_not_released() -> None:
    facts = known("reserved", requested())
    with pytest.raises(Conflict, match="the hold is there already"):
        place(facts, "marketplace", "risk", "other", time_at(3))
    with pytest.raises(LookupError):
        release(facts, "operator", "risk", time_at(3))


def test_an_order_has_so_many_holds_and_no_more() -> None:
    facts = known("reserved", *(requested(f"h{n}") for n in range(MAX_OPEN)))
    with pytest.raises(Conflict, match="too many holds"):
        place(facts, "marketplace", "more", "other", time_at(3))
    assert "hold" not in actions(facts)
    assert place(facts, "operator", "fraud", "fraud_check", time_at(3)).holder == "operator"
    facts = until("reserved")
    for turn in range(1, MAX_HOLDS + 1):
        facts.add(hold := requested(turn=turn))
        facts.add(released(hold, 3))
    with pytest.raises(Conflict, match="had too many holds"):
        place(facts, "marketplace", "more", "other", time_at(3))


@pytest.mark.parametrize("state", BEFORE_PACKING)
def test_while_an_order_is_on_hold_its_deadline_rests_and_goes_on_after_it(state: WaitingState) -> None:
    begun = STATES.index(state)
    hold = requested(days=begun + 1)
    facts = known(state, hold, held(hold, begun + 1))
    end_of_hold = time_at(begun + 1) + DEADLINES["on_hold"]
    assert decide(facts, DecisionContext(time_at(begun + 10), CAUGHT_UP)) == [Timer(order_stream(ORDER), end_of_hold)]
    facts.add(released(hold, begun + 11))
    limit = time_at(begun) + DEADLINES[state] + 10 * DAY
    assert decide(facts, DecisionContext(time_at(begun + 12), CAUGHT_UP)) == [Timer(order_stream(ORDER), limit)]


def test_holds_and_cases_that_overlap_count_once() -> None:
    first, second = requested(days=3), requested("address", days=4)
    facts = known("reserved", first, second, released(first, 6), released(second, 8), opened(days=5))
    facts.add(closed_case(days=9))
    limit = time_at(2) + DEADLINES["reserved"] + 6 * DAY
    assert decide(facts, DecisionContext(time_at(10), CAUGHT_UP)) == [Timer(order_stream(ORDER), limit)]


def test_a_hold_that_came_too_late_prolongs_nothing() -> None:
    hold = requested(days=4)
    facts = known("packed", hold, too_late(hold, 5))
    limit = time_at(3) + DEADLINES["packed"]
    assert decide(facts, DecisionContext(time_at(6), CAUGHT_UP)) == [Timer(order_stream(ORDER), limit)]


@pytest.mark.parametrize("state", ["packed", "in_transit"])
def test_a_hold_that_nobody_answered_holds_up_nothing_once_the_order_is_packed(state: WaitingState) -> None:
    facts, unheld = known(state, requested()), until(state)
    context = DecisionContext(time_at(STATES.index(state) + 1), CAUGHT_UP)
    assert decide(facts, context) == decide(unheld, context)
    status, without = order_status(facts), order_status(unheld)
    assert status is not None
    assert without is not None
    assert (status.awaits, status.waiting_state) == (without.awaits, state)
    assert "release_hold" not in actions(facts)


def test_a_hold_that_is_left_open_is_a_case_and_never_cancels() -> None:
    hold = requested(days=3)
    facts = known("reserved", hold, held(hold, 3))
    now = time_at(3) + DEADLINES["on_hold"]
    (case,) = decide(facts, DecisionContext(now, CAUGHT_UP))
    assert isinstance(case, CaseOpened)
    assert (case.kind, case.case, case.reason) == ("needs_attention", "needs_attention:on_hold", "deadline:on_hold")
    facts.add(case)
    facts.add(HoldReleased(order_id=ORDER, occurred_at=now + DAY, hold=hold.hold))
    assert [type(event).__name__ for event in settle(facts, now + DAY)] == ["CaseClosed"]


def test_an_order_on_hold_awaits_its_holder_and_can_still_be_cancelled() -> None:
    hold = requested()
    facts = known("reserved", hold, held(hold))
    status = order_status(facts)
    assert status is not None
    assert (status.state, status.awaits, status.waiting_state) == ("reserved", "marketplace", "on_hold")
    assert actions(facts) == ["cancel", "hold", "release_hold", "change"]
    facts.add(CancelRequested(order_id=ORDER, occurred_at=time_at(3), reason="shopper"))
    status = order_status(facts)
    assert status is not None
    assert status.waiting_state == "cancelling"


@pytest.mark.parametrize(
    ("state", "more", "offered"),
    [
        ("placed", (), ["cancel", "hold", "change"]),
        ("reserved", (), ["cancel", "hold", "change"]),
        ("packed", (), ["cancel"]),
        ("labelled", (), ["cancel"]),
        ("labelled", (handed_over(1),), []),
        ("reserved", (CancelRequested(order_id=ORDER, occurred_at=time_at(3), reason="shopper"),), []),
        ("reserved", (OrderWithdrawn(order_id=ORDER, occurred_at=time_at(3), reason="stock_short"),), ["cancel"]),
        ("reserved", (PersonErased(order_id=ORDER, occurred_at=time_at(3)),), ["cancel", "hold"]),
        (
            "in_transit",
            (delivered(1), OrderClosed(order_id=ORDER, occurred_at=time_at(9), outcome="lost", refund_due=eur("1.00"))),
            [],
        ),
    ],
)
def test_what_is_offered_is_what_is_not_refused(state: WaitingState, more: Sequence[Event], offered: list[str]) -> None:
    facts = known(state, *more)
    assert actions(facts) == offered
    shown = document(facts)
    assert shown is not None
    assert shown["supported_actions"] == offered
    for action, call in (
        ("hold", lambda: place(facts, "marketplace", "risk", "other", time_at(9))),
        ("change", lambda: _refuse(change_refused(facts))),
    ):
        if action in offered:
            call()
        else:
            with pytest.raises(Conflict):
                call()


def _refuse(refused: Conflict | None) -> None:
    if refused:
        raise refused


def test_a_change_names_the_next_version_and_its_answer_shows() -> None:
    facts = until("reserved")
    for number in range(1, MAX_CHANGES + 1):
        change = request_change(facts, ("phone",), time_at(2 + number / 10))
        assert change.version == number + 1
        facts.add(change)
    facts.add(OrderChanged(order_id=ORDER, occurred_at=time_at(3), version=2))
    facts.add(ChangeTooLate(order_id=ORDER, occurred_at=time_at(3), version=4))
    assert [change.answer for change in changes(facts)] == [
        "changed",
        "requested",
        "too_late",
        "requested",
        "requested",
    ]
    refused = change_refused(facts)
    assert refused is not None
    assert refused.title == "the order was changed too often"


def test_the_parts_of_a_change_are_those_that_differ() -> None:
    before = CONTACT
    assert changed_parts(before, before) == ()
    assert changed_parts(before, before.model_copy(update={"phone": "+8613900000000"})) == ("phone",)
    both = before.model_copy(update={"phone": "+8613900000000", "street": "人民路2号"})
    assert changed_parts(before, both) == CONTACT_PARTS


def test_the_contact_that_counts_is_the_highest_changed_and_may_come_after_its_fact() -> None:
    facts = Facts(order_stream(ORDER), [PersonRecorded(order_id=ORDER, occurred_at=time_at(0))])
    assert (contact_version(facts), contact_recorded(facts)) == (1, True)
    facts.add(ChangeRequested(order_id=ORDER, occurred_at=time_at(1), version=2, parts=("phone",)))
    assert contact_version(facts) == 1
    for version in (3, 2):
        facts.add(OrderChanged(order_id=ORDER, occurred_at=time_at(1), version=version))
    assert (contact_version(facts), contact_recorded(facts)) == (3, False)
    facts.add(PersonRecorded(order_id=ORDER, occurred_at=time_at(2), version=2))
    assert not contact_recorded(facts)
    facts.add(PersonRecorded(order_id=ORDER, occurred_at=time_at(2), version=3))
    assert contact_recorded(facts)


def test_a_deadline_passes_only_after_the_hold_and_its_rest() -> None:
    hold = requested(days=4)
    facts = known("reserved", hold, held(hold, 4), released(hold, 20))
    limit = time_at(2) + DEADLINES["reserved"] + 16 * DAY
    assert decide(facts, DecisionContext(limit - timedelta(seconds=1), CAUGHT_UP)) == [
        Timer(order_stream(ORDER), limit)
    ]
    (cancel,) = decide(facts, DecisionContext(limit, CAUGHT_UP))
    assert isinstance(cancel, CancelRequested)


def test_the_document_shows_each_hold_and_change_without_what_it_was_changed_to() -> None:
    hold = requested(days=2)
    change = ChangeRequested(order_id=ORDER, occurred_at=time_at(2), version=2, parts=("phone", "address"))
    shown = document(known("reserved", hold, held(hold), released(hold, 3), change))
    assert shown is not None
    assert shown["holds"] == [
        {
            "handle": "risk",
            "holder": "marketplace",
            "reason": "fraud_check",
            "state": "released",
            "requested_at": "2026-11-04T08:00:00Z",
            "ended_at": "2026-11-05T08:00:00Z",
        }
    ]
    assert shown["changes"] == [
        {
            "version": 2,
            "parts": ["phone", "address"],
            "requested_at": "2026-11-04T08:00:00Z",
            "answer": "requested",
        }
    ]


def test_a_hold_of_an_order_that_has_ended_is_not_released_any_more() -> None:
    closed = OrderClosed(order_id=ORDER, occurred_at=time_at(3), outcome="cancelled", refund_due=eur("99.00"))
    facts = known("reserved", requested(), closed)
    with pytest.raises(Conflict, match="the order has ended"):
        release(facts, "marketplace", "risk", time_at(4))
    assert actions(facts) == []
