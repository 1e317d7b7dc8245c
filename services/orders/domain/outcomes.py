"""How an order ends, by its facts: its outcome, the end of each parcel, and the refund due to the shopper.

Before packing there are three ends: refused, out of stock, cancelled. After it the parcels decide, and the order ends
when every parcel of the plan has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.base import Money
from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.customs import OrderRefused, ParcelDeclared
from contracts.orders import OrderPlaced, ParcelEnd
from contracts.vocabularies import Outcome, ParcelOutcome
from contracts.warehouse import OrderWithdrawn, ParcelHandedOver, ParcelReceivedBack, StockRefused
from services.parcel_status import end_evidence
from services.plans import plan_of
from shared.ledger.facts import Facts

WORST_FIRST: tuple[ParcelOutcome, ...] = ("lost", "destroyed", "returned")
"""When no parcel was delivered and they ended differently, the order ends as the first of these that occurs."""

OUTCOME_OF_WITHDRAWAL: Mapping[str, Outcome] = {
    "stock_short": "out_of_stock",
    "parcel_refused": "refused",
    "label_refused": "refused",
}
"""The outcome of a withdrawal by its reason; for any other reason (shopper, operator, deadline) it is `cancelled`."""

_AFTER_HAND_OVER = (
    ParcelHandedOver,
    ParcelScanned,
    ParcelDelivered,
    ParcelReturned,
    ParcelLost,
    ParcelDestroyed,
    ParcelReceivedBack,
)


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """The end of an order, as OrderClosed publishes it."""

    outcome: Outcome
    reason: str | None
    parcels: tuple[ParcelEnd, ...]
    refund_due: Money


def parcels_after_hand_over(facts: Facts) -> list[int]:
    """The parcels, planned or not, of which a fact at or after the hand-over is known."""
    return sorted({event.parcel for kind in _AFTER_HAND_OVER for event in facts.all(kind)})


def planned_parcels(facts: Facts) -> tuple[int, ...]:
    """The numbers of the order's parcels, in order, without boxes that were given up; empty until it is packed."""
    plan = plan_of(facts)
    return tuple(sorted(parcel.parcel for parcel in plan.parcels)) if plan else ()


def order_outcome(facts: Facts) -> OrderOutcome | None:
    """The end that follows from the facts; None while the order goes on, or while a share to refund is not known."""
    placed = facts.get(OrderPlaced)
    if placed is None:
        return None
    if withdrawn := facts.get(OrderWithdrawn):
        outcome = OUTCOME_OF_WITHDRAWAL.get(withdrawn.reason, "cancelled")
        return OrderOutcome(outcome, withdrawn.reason, (), placed.total)
    if refused := facts.get(OrderRefused):
        return OrderOutcome("refused", refused.reason, (), placed.total)
    if StockRefused in facts:
        return OrderOutcome("out_of_stock", "stock_refused", (), placed.total)
    return _outcome_by_parcels(facts, placed)


def _outcome_by_parcels(facts: Facts, placed: OrderPlaced) -> OrderOutcome | None:
    numbers = planned_parcels(facts)
    ends = {number: evidence for number in numbers if (evidence := end_evidence(facts, number))}
    if not numbers or len(ends) < len(numbers):
        return None
    outcome = joint_outcome(end.outcome for end in ends.values())
    refund = _refund(facts, placed, outcome, [n for n in numbers if ends[n].outcome != "delivered"])
    if refund is None:
        return None
    reasons = {end.reason for end in ends.values() if end.outcome != "delivered"}
    return OrderOutcome(
        outcome,
        reasons.pop() if len(reasons) == 1 else None,
        tuple(ParcelEnd(parcel=number, outcome=ends[number].outcome) for number in numbers),
        refund,
    )


def joint_outcome(outcomes: Iterable[ParcelOutcome]) -> Outcome:
    """All alike: that outcome; any delivered: partly delivered; else lost before destroyed before returned."""
    different = set(outcomes)
    if len(different) == 1:
        return different.pop()
    if "delivered" in different:
        return "partly_delivered"
    return next(outcome for outcome in WORST_FIRST if outcome in different)


def _refund(facts: Facts, placed: OrderPlaced, outcome: Outcome, undelivered: list[int]) -> Money | None:
    """The shares of the parcels that were not delivered; None until each share is known.

    With nothing delivered that is the whole total, which needs no shares.
    """
    if outcome not in ("delivered", "partly_delivered"):
        return placed.total
    due = Money.zero(placed.total.currency)
    for parcel in undelivered:
        declared = facts.get(ParcelDeclared, parcel)
        if declared is None:
            return None
        due += declared.total
    return due
