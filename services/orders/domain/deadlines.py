"""How long an order may stay in a state, and what follows when it stays longer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from contracts.base import Event
from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import CancelRequested
from services.orders.domain.cases import CASE_DUE_AFTER, LOOK_INTO, SERVICE, open_cases
from services.orders.domain.holds import held_periods
from services.orders.domain.pauses import NO_PAUSES, Pause, concerning
from services.orders.domain.status import OrderStatus, WaitingState
from shared.ledger.facts import DecisionContext, Facts

DEADLINES: Mapping[WaitingState, timedelta] = {
    "placed": timedelta(days=7),
    "screened": timedelta(days=7),
    "reserved": timedelta(days=5),
    "packed": timedelta(days=7),
    "declared": timedelta(days=7),
    "labelled": timedelta(days=5),
    "handed_over": timedelta(days=7),
    "in_transit": timedelta(days=45),
    "arrived": timedelta(days=7),
    "cancelling": timedelta(days=3),
    "on_hold": timedelta(days=14),
}
"""How long an order may stay in a state, in business time. Not counted is the time during which a case or a hold of the
order is open, or the operation that it waits for is paused.

Effect before the first hand-over: CancelRequested(`deadline:<state>`), once. Effect after it, when a cancel stays
unanswered, and when a hold stays open: CaseOpened(needs_attention), closed when the order moves on."""
NEVER_CANCELLED: frozenset[WaitingState] = frozenset({"cancelling", "on_hold"})
"""States whose deadline is a person's matter even before the first hand-over."""


def overdue_state(case: CaseOpened) -> str | None:
    """The state whose deadline opened this case; None for any other case."""
    needs_attention = (case.service, case.kind) == (SERVICE, "needs_attention")
    return case.matter if needs_attention and case.matter in DEADLINES else None


def deadline(facts: Facts, status: OrderStatus, pauses: Sequence[Pause] = NO_PAUSES) -> datetime | None:
    """Until when the order may stay in its state; None when that has no limit, or while it is suspended: a case is
    open, or the operation that it waits for is paused.

    The wait begins anew when a person closes a case about it and the order is still in the same state.
    """
    allowed = DEADLINES.get(status.waiting_state)
    if allowed is None or open_cases(facts) or is_paused(facts, status, pauses):
        return None
    answered = [
        closed.occurred_at
        for case in _cases_about(facts, status.waiting_state)
        if (closed := facts.get(CaseClosed, case.case))
    ]
    since = max([_waits_since(facts, status), *answered])
    return since + allowed + suspended(suspended_spans(facts, status, pauses), since)


def _waits_since(facts: Facts, status: OrderStatus) -> datetime:
    requested = facts.get(CancelRequested)
    if status.waiting_state == "cancelling" and requested:
        return requested.occurred_at
    return (status.held_since if status.waiting_state == "on_hold" else None) or status.since


def is_paused(facts: Facts, status: OrderStatus, pauses: Sequence[Pause]) -> bool:
    """Whether the operation that the order waits for is paused now."""
    return any(pause.until is None for pause in concerning(facts, status.waiting_state, pauses))


def effect_of_passing(facts: Facts, status: OrderStatus, context: DecisionContext) -> Event:
    """What follows when the deadline of the order's state has passed."""
    state = status.waiting_state
    if state not in NEVER_CANCELLED and not status.too_late_to_withdraw:
        return CancelRequested(order_id=facts.id, occurred_at=context.now, reason=f"deadline:{state}")
    name, earlier = f"needs_attention:{state}", len(_cases_about(facts, state))
    return CaseOpened(
        order_id=facts.id,
        occurred_at=context.now,
        case=f"{name}:{earlier + 1}" if earlier else name,
        service=SERVICE,
        kind="needs_attention",
        matter=state,
        turn=earlier + 1,
        reason=f"deadline:{state}",
        action=LOOK_INTO,
        due_at=context.now + CASE_DUE_AFTER,
    )


def _cases_about(facts: Facts, state: WaitingState) -> list[CaseOpened]:
    """The cases that were opened because the deadline of this state passed."""
    return [case for case in facts.all(CaseOpened) if overdue_state(case) == state]


Span: TypeAlias = tuple[datetime, datetime]
"""From when until when a deadline was suspended."""


def suspended_spans(facts: Facts, status: OrderStatus, pauses: Sequence[Pause]) -> list[Span]:
    """When a case of the order was open, or a hold (unless the order waits for a hold), or the operation that it waits
    for was paused."""
    cases = [
        (case.occurred_at, closed.occurred_at)
        for case in facts.all(CaseOpened)
        if (closed := facts.get(CaseClosed, case.case))
    ]
    holds = [] if status.waiting_state == "on_hold" else held_periods(facts)
    waits = concerning(facts, status.waiting_state, pauses)
    return [*cases, *holds, *((pause.since, pause.until) for pause in waits if pause.until)]


def suspended(spans: Iterable[Span], since: datetime) -> timedelta:
    """How much of these spans lies after `since`; overlaps count once."""
    total, counted_until = timedelta(), since
    for begin, end in sorted(spans):
        total += max(end - max(begin, counted_until), timedelta())
        counted_until = max(counted_until, end)
    return total
