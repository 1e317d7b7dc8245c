"""What the world does after an order's end: found after lost, sent back after delivered, moving after withdrawn.

The end stands; each contradiction is said once and put before a person.
"""

from __future__ import annotations

from datetime import timedelta

from contracts.carrier import ParcelScanned
from contracts.cases import CaseOpened
from contracts.orders import OrderAmended, OrderClosed
from contracts.vocabularies import with_the_carrier
from contracts.warehouse import ParcelHandedOver
from services.orders.domain.outcomes import parcels_told_of, sighting
from shared.ledger.facts import DecisionContext, Facts, Output

NAME = "orders"
"""The service whose cases these are."""
MOVED = "moved"
"""What a case is about that tells of a parcel under way again."""
LOOK_INTO = "look_into"
"""The action of a case that a person's word closes."""
PERSON_ANSWERS_IN = timedelta(days=3)
"""When a case of ours is due, in business time."""
AT_REST = frozenset({"delivered", "returned"})
"""Ends after which a straggling scan contradicts nothing."""


def contradictions(facts: Facts, closed: OrderClosed, context: DecisionContext) -> list[Output]:
    """What is owed on an order that has ended, because its parcels did otherwise."""
    outputs: list[Output] = []
    for parcel in parcels_told_of(facts):
        recorded = recorded_end(facts, closed, parcel)
        found = sighting(facts, parcel)
        if found and found.outcome != recorded:
            amended = OrderAmended(
                order_id=facts.order_id,
                occurred_at=context.now,
                parcel=parcel,
                outcome=found.outcome,
                previous=recorded,
            )
            outputs += [amended, _case(facts, context, parcel, found.outcome, recorded)]
        elif recorded not in AT_REST and _stirs(facts, parcel):
            outputs.append(_case(facts, context, parcel, MOVED, recorded))
    return outputs


def recorded_end(facts: Facts, closed: OrderClosed, parcel: int) -> str:
    """What we said last of this parcel's end; of one that was in no plan, the order's."""
    amended = [event for event in facts.all(OrderAmended) if event.parcel == parcel]
    if amended:
        return amended[-1].outcome
    return next((end.outcome for end in closed.parcels if end.parcel == parcel), closed.outcome)


def ended_since(facts: Facts, parcel: int | None) -> bool:
    """Whether the parcel of a case about movement has come to a new end."""
    return any(event.parcel == parcel for event in facts.all(OrderAmended))


def _stirs(facts: Facts, parcel: int) -> bool:
    """Whether the carrier has, or had after its supposed end, a parcel that ought to be nowhere."""
    end = sighting(facts, parcel)
    if end is None and facts.get(ParcelHandedOver, parcel):
        return True
    return any(
        with_the_carrier(scan.status) and (end is None or scan.scanned_at > end.at)
        for scan in facts.all(ParcelScanned)
        if scan.parcel == parcel
    )


def _case(facts: Facts, context: DecisionContext, parcel: int, what: str, recorded: str) -> CaseOpened:
    return CaseOpened(
        order_id=facts.order_id,
        occurred_at=context.now,
        case=f"amendment:{parcel}:{what}",
        service=NAME,
        kind="amendment",
        matter=what,
        parcel=parcel,
        reason=f"{recorded}_then_{what}",
        action=LOOK_INTO,
        due_at=context.now + PERSON_ANSWERS_IN,
    )
