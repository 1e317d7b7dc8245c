"""What `orders` decides on an order: its end, the effects of its deadlines, its cases, the erasure of its person's
record.

Everything follows from the set of facts. `status.STATES` is the table of states, `deadlines.DEADLINES` that of limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import NAMESPACE_DNS, UUID, uuid5

from contracts.base import OrderEvent
from contracts.cases import CaseClosed
from contracts.orders import OrderClosed
from services.orders.domain.amendments import MOVED_AGAIN, amendments, amendments_of
from services.orders.domain.cases import open_cases
from services.orders.domain.deadlines import deadline, effect_of_passing, is_paused, overdue_state
from services.orders.domain.outcomes import order_outcome
from services.orders.domain.pauses import LOOK_AGAIN, NO_PAUSES, Pause
from services.orders.domain.status import OrderStatus, order_status
from services.persons.facts import PersonErased
from shared.ledger.facts import DecisionContext, Facts, Job, Output, Timer

ERASE_PERSON = "erase_person"
"""The job that erases the person's record of an order."""
ORDERS_NAMESPACE = uuid5(NAMESPACE_DNS, "orders.silkpost.invalid")
RETENTION = timedelta(days=180)
"""How long after its end the person's record of an order is kept, in business time."""


class ErasureRequested(OrderEvent):
    """An operator has requested that the person's record be erased, which is done once the order has ended. This fact
    is not published."""

    NAME: ClassVar[str] = "erasure-requested"


def order_id_of(marketplace: str, number: str) -> UUID:
    """The order's id: the same number of the same marketplace is the same order, on every replica."""
    return uuid5(ORDERS_NAMESPACE, f"{marketplace}|{number}")


def decide(facts: Facts, context: DecisionContext, pauses: Sequence[Pause] = NO_PAUSES) -> list[Output]:
    """The outputs that follow from this set of facts: events, jobs, and the timer of the next decision. `pauses`: of
    operations that the order may have waited for."""
    status = order_status(facts)
    if status is None:
        return []
    outputs: list[Output] = list(_closed_cases(facts, status, context))
    if closed := facts.get(OrderClosed):
        outputs += amendments(facts, closed, context)
        return outputs + _erasure(facts, closed, context)
    if outcome := order_outcome(facts):
        closing = OrderClosed(
            order_id=facts.id,
            occurred_at=context.now,
            outcome=outcome.outcome,
            reason=outcome.reason,
            parcels=outcome.parcels,
            refund_due=outcome.refund_due,
        )
        return [*outputs, closing]
    limit = deadline(facts, status, pauses)
    if limit is None:
        return (
            [*outputs, Timer(facts.stream, context.now + LOOK_AGAIN)] if is_paused(facts, status, pauses) else outputs
        )
    if not (context.caught_up and context.now >= limit):
        return [*outputs, Timer(facts.stream, limit)]
    return [*outputs, effect_of_passing(facts, status, context)]


def _erasure(facts: Facts, closed: OrderClosed, context: DecisionContext) -> list[Output]:
    """The person's record of an order that has ended is erased on request, or after RETENTION."""
    until = closed.occurred_at + RETENTION
    if PersonErased in facts:
        return []
    if ErasureRequested in facts or context.now >= until:
        return [Job(ERASE_PERSON, facts.stream)]
    return [Timer(facts.stream, until)]


def _closed_cases(facts: Facts, status: OrderStatus, context: DecisionContext) -> list[CaseClosed]:
    """Closes the cases of this service that need no person any more: the order left the state whose deadline had
    passed, or the parcel that moved after the order's end has ended again."""
    closed: list[CaseClosed] = []
    for case in open_cases(facts):
        state = overdue_state(case)
        if state is not None and state != status.waiting_state:
            resolution = "order_closed" if status.state == "closed" else "moved_on"
        elif (case.kind, case.matter) == ("amendment", MOVED_AGAIN) and case.turn <= len(
            amendments_of(facts, case.parcel)
        ):
            resolution = "amended"
        else:
            continue
        closed.append(case.closed(context.now, resolution))
    return closed
