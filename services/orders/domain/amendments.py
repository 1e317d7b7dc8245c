"""Events of parcels after their order's end: found after lost, sent back after delivered, moving after withdrawn.

The order's end stays. Each contradiction is published, as OrderAmended, and becomes a case for a person.
"""

from __future__ import annotations

from collections import Counter

from contracts.base import with_turn
from contracts.carrier import ParcelScanned
from contracts.cases import CaseOpened
from contracts.orders import OrderAmended, OrderClosed
from contracts.vocabularies import with_the_carrier
from contracts.warehouse import ParcelHandedOver
from services.orders.domain.cases import CASE_DUE_AFTER, LOOK_INTO, SERVICE
from services.orders.domain.outcomes import parcels_after_hand_over
from services.parcel_status import end_evidence
from shared.ledger.facts import DecisionContext, Facts, Output

MOVED_AGAIN = "moved"
"""The matter of a case about a parcel that is under way after its order's end."""
SETTLED = frozenset({"delivered", "returned"})
"""Outcomes that a late scan does not contradict."""


def amendments(facts: Facts, closed: OrderClosed, context: DecisionContext) -> list[Output]:
    """The outputs for an order that has ended when its parcels ended differently."""
    outputs: list[Output] = []
    for parcel in parcels_after_hand_over(facts):
        recorded = recorded_outcome(facts, closed, parcel)
        evidence = end_evidence(facts, parcel)
        amended = amendments_of(facts, parcel)
        if evidence and evidence.outcome != recorded:
            turn = 1 + sum(event.outcome == evidence.outcome for event in amended)
            amendment = OrderAmended(
                order_id=facts.id,
                occurred_at=context.now,
                parcel=parcel,
                outcome=evidence.outcome,
                previous=recorded,
                turn=turn,
            )
            outputs += [amendment, _case(facts, context, parcel, evidence.outcome, recorded, turn)]
        elif recorded not in SETTLED and _moves_after_its_end(facts, parcel):
            outputs.append(_case(facts, context, parcel, MOVED_AGAIN, recorded, 1 + len(amended)))
    return outputs


def recorded_outcome(facts: Facts, closed: OrderClosed, parcel: int) -> str:
    """The outcome of the parcel that was published last; the order's for a parcel that was not planned. Each amendment
    replaces the outcome before it."""
    first = next((end.outcome for end in closed.parcels if end.parcel == parcel), closed.outcome)
    amended = amendments_of(facts, parcel)
    left: Counter[str] = Counter([first, *(event.outcome for event in amended)])
    left.subtract(event.previous for event in amended)
    return max(left, key=lambda outcome: left[outcome])


def amendments_of(facts: Facts, parcel: int | None) -> list[OrderAmended]:
    """The amendments of this parcel's outcome that were published."""
    return [event for event in facts.all(OrderAmended) if event.parcel == parcel]


def _moves_after_its_end(facts: Facts, parcel: int) -> bool:
    """Whether the carrier has the parcel although its order has ended: it was handed over and has come to no end, or
    the carrier scanned it, after its end if it has one."""
    evidence = end_evidence(facts, parcel)
    if evidence is None and facts.get(ParcelHandedOver, parcel):
        return True
    return any(
        with_the_carrier(scan.status) and (evidence is None or scan.scanned_at > evidence.occurred_at)
        for scan in facts.all(ParcelScanned)
        if scan.parcel == parcel
    )


def _case(facts: Facts, context: DecisionContext, parcel: int, matter: str, recorded: str, turn: int) -> CaseOpened:
    return CaseOpened(
        order_id=facts.id,
        occurred_at=context.now,
        case=with_turn(f"amendment:{parcel}:{matter}", turn),
        service=SERVICE,
        kind="amendment",
        matter=matter,
        parcel=parcel,
        turn=turn,
        reason=f"{recorded}_then_{matter}",
        action=LOOK_INTO,
        due_at=context.now + CASE_DUE_AFTER,
    )
