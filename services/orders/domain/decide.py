"""What `orders` owes the others on an order: its end, its deadlines' effects, its cases.

Everything follows from the set of facts. The table `life.LIFE` owns the states, the table DEADLINES their limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import NAMESPACE_DNS, UUID, uuid5

from contracts.base import Event
from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import CancelRequested, OrderClosed
from services.orders.domain.amendments import LOOK_INTO, MOVED, NAME, PERSON_ANSWERS_IN, contradictions, ended_since
from services.orders.domain.outcomes import ending
from services.orders.domain.status import Life, Waiting, life
from shared.ledger.facts import DecisionContext, Facts, Job, Output, PersonErased, Timer

ERASE_PERSON = "erase_person"
"""The job that erases the person's record of an order."""
ORDERS_NAMESPACE = uuid5(NAMESPACE_DNS, "orders.silkpost.invalid")
RETENTION = timedelta(days=180)
"""So long after its end the person's record of an order is erased by itself."""


class ErasureAsked(Event):
    """The person wants their record erased; it happens when the order has ended. Known to this service only."""

    NAME: ClassVar[str] = "erasure-asked"


def order_id_of(marketplace: str, number: str) -> UUID:
    """The order's id: the same number of the same marketplace is the same order, on every replica."""
    return uuid5(ORDERS_NAMESPACE, f"{marketplace}|{number}")


# --- deadlines --------------------------------------------------------------------------------------------------

DEADLINES: Mapping[Waiting, timedelta] = {
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
}
"""How long an order may stand in a state, in business time; it rests while a case of the order is open.

Effect before the first hand-over: CancelRequested(`deadline:<state>`), once. Effect after it, and when a cancel stays
unanswered: CaseOpened(needs_attention), closed when the order moves on."""


def open_cases(facts: Facts) -> list[CaseOpened]:
    """The cases of the order, whoever opened them, that nobody has closed."""
    return [case for case in facts.all(CaseOpened) if facts.get(CaseClosed, case.case) is None]


def own_cases(facts: Facts, waiting: Waiting) -> list[CaseOpened]:
    """The cases that were opened because a deadline of this state passed."""
    return [case for case in facts.all(CaseOpened) if _overdue_state(case) == waiting]


def deadline(facts: Facts, standing: Life) -> datetime | None:
    """When the present state has lasted too long; None when it has no limit, or rests because a case is open.

    The wait begins anew when a person closes a case about it and nothing has moved.
    """
    allowed = DEADLINES.get(standing.waiting)
    if allowed is None or open_cases(facts):
        return None
    requested = facts.get(CancelRequested)
    since = requested.occurred_at if requested and standing.waiting == "cancelling" else standing.since
    answered = [
        closed.occurred_at
        for case in own_cases(facts, standing.waiting)
        if (closed := facts.get(CaseClosed, case.case))
    ]
    since = max([since, *answered])
    return since + allowed + _rested(facts, since)


def _rested(facts: Facts, since: datetime) -> timedelta:
    """For how long, after `since`, some case was open; overlaps count once."""
    rests = sorted(
        (max(case.occurred_at, since), closed.occurred_at)
        for case in facts.all(CaseOpened)
        if (closed := facts.get(CaseClosed, case.case)) and closed.occurred_at > since
    )
    total, reached = timedelta(), since
    for begin, end in rests:
        total += max(end - max(begin, reached), timedelta())
        reached = max(reached, end)
    return total


def closable_by_hand(case: CaseOpened) -> bool:
    """Whether a person's word closes this case: nothing but a look frees it, whoever opened it."""
    return case.action == LOOK_INTO


def _overdue_state(case: CaseOpened) -> str | None:
    """The state whose deadline opened this case; None when the case is another's or of another kind."""
    ours = (case.service, case.kind) == (NAME, "needs_attention")
    return case.matter if ours and case.matter in DEADLINES else None


# --- what is owed -----------------------------------------------------------------------------------------------


def decide(facts: Facts, context: DecisionContext) -> list[Output]:
    """The facts `orders` ought to have said on this set by now, and when to look again."""
    standing = life(facts)
    if standing is None:
        return []
    outputs: list[Output] = list(_settled_cases(facts, standing, context))
    if closed := facts.get(OrderClosed):
        outputs += contradictions(facts, closed, context)
        return outputs + _erasure(facts, closed, context)
    if end := ending(facts):
        closing = OrderClosed(
            order_id=facts.order_id,
            occurred_at=context.now,
            outcome=end.outcome,
            reason=end.reason,
            parcels=end.parcels,
            refund_due=end.refund_due,
        )
        return [*outputs, closing]
    limit = deadline(facts, standing)
    if limit is None:
        return outputs
    if not (context.caught_up and context.now >= limit):
        return [*outputs, Timer(facts.order_id, limit)]
    return [*outputs, _overdue(facts, standing, context)]


def _erasure(facts: Facts, closed: OrderClosed, context: DecisionContext) -> list[Output]:
    """The person's record goes when the person asked for it, or when it has outlived its purpose."""
    until = closed.occurred_at + RETENTION
    if PersonErased in facts:
        return []
    if ErasureAsked in facts or context.now >= until:
        return [Job(ERASE_PERSON, facts.order_id)]
    return [Timer(facts.order_id, until)]


def _overdue(facts: Facts, standing: Life, context: DecisionContext) -> Event:
    waiting = standing.waiting
    if waiting != "cancelling" and not standing.beyond_return:
        return CancelRequested(order_id=facts.order_id, occurred_at=context.now, reason=f"deadline:{waiting}")
    name, before = f"needs_attention:{waiting}", len(own_cases(facts, waiting))
    return CaseOpened(
        order_id=facts.order_id,
        occurred_at=context.now,
        case=f"{name}:{before + 1}" if before else name,
        service=NAME,
        kind="needs_attention",
        matter=waiting,
        turn=before + 1,
        reason=f"deadline:{waiting}",
        action=LOOK_INTO,
        due_at=context.now + PERSON_ANSWERS_IN,
    )


def _settled_cases(facts: Facts, standing: Life, context: DecisionContext) -> list[CaseClosed]:
    """Our cases that the facts have settled: the order moved on, or what was found after the end has ended too."""
    settled: list[CaseClosed] = []
    for case in open_cases(facts):
        overdue = _overdue_state(case)
        if overdue is not None and overdue != standing.waiting:
            resolution = "order_closed" if standing.state == "closed" else "moved_on"
        elif (case.kind, case.matter) == ("amendment", MOVED) and ended_since(facts, case.parcel):
            resolution = "amended"
        else:
            continue
        settled.append(case.closed(context.now, resolution))
    return settled
