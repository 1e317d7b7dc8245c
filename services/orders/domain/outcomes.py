"""How an order ends, from the facts alone: its outcome, the end of each parcel, and what is due back to the shopper.

Before packing there are three ends: refused, out of stock, cancelled. After it the parcels decide, and the order
ends when every parcel of the plan has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.base import Money
from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.customs import OrderRefused, ParcelDeclared
from contracts.orders import OrderPlaced, ParcelEnd
from contracts.vocabularies import Outcome, ParcelOutcome
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver, ParcelReceivedBack, StockRefused
from shared.ledger.facts import Facts

WORST_FIRST: tuple[ParcelOutcome, ...] = ("lost", "destroyed", "returned")
"""When no parcel was delivered and they ended differently, the order ends as the first of these that occurs."""

WITHDRAWN: Mapping[str, Outcome] = {
    "stock_short": "out_of_stock",
    "parcel_refused": "refused",
    "label_refused": "refused",
}
"""What a withdrawal for this reason means; one for any other reason (shopper, operator, deadline) is `cancelled`."""

_ON_THE_ROAD = (
    ParcelHandedOver,
    ParcelScanned,
    ParcelDelivered,
    ParcelReturned,
    ParcelLost,
    ParcelDestroyed,
    ParcelReceivedBack,
)


@dataclass(frozen=True, slots=True)
class Ending:
    outcome: Outcome
    reason: str | None
    parcels: tuple[ParcelEnd, ...]
    refund_due: Money


@dataclass(frozen=True, slots=True, order=True)
class Sighting:
    """Evidence of a parcel's end; the latest one holds."""

    at: datetime
    outcome: ParcelOutcome
    reason: str | None


def sighting(facts: Facts, parcel: int) -> Sighting | None:
    """How the parcel ended, as far as is known.

    Evidence of where the parcel is goes by the time of the event itself. A loss is a statement that nobody knows, so
    that any evidence, earlier or later, outweighs it.
    """
    seen: list[Sighting] = []
    if delivered := facts.get(ParcelDelivered, parcel):
        seen.append(Sighting(delivered.delivered_at, "delivered", None))
    if returned := facts.get(ParcelReturned, parcel):
        seen.append(Sighting(returned.returned_at, "returned", returned.reason))
    elif back := facts.get(ParcelReceivedBack, parcel):
        seen.append(Sighting(back.occurred_at, "returned", "received_back"))
    if destroyed := facts.get(ParcelDestroyed, parcel):
        seen.append(Sighting(destroyed.occurred_at, "destroyed", destroyed.reason))
    if seen:
        return max(seen, key=lambda s: (s.at, s.outcome))
    if lost := facts.get(ParcelLost, parcel):
        return Sighting(lost.occurred_at, "lost", f"said_by_{lost.said_by}")
    return None


def parcels_told_of(facts: Facts) -> list[int]:
    """The parcels of which anything is known from the hand-over on, planned or not."""
    return sorted({event.parcel for kind in _ON_THE_ROAD for event in facts.all(kind)})


def plan(facts: Facts) -> tuple[int, ...]:
    """The numbers of the order's parcels, in order; empty until it is packed."""
    packed = facts.get(OrderPacked)
    return tuple(sorted(parcel.parcel for parcel in packed.parcels)) if packed else ()


def ending(facts: Facts) -> Ending | None:
    """The end that follows from the facts; None while the order goes on, or while a share to refund is not known."""
    placed = facts.get(OrderPlaced)
    if placed is None:
        return None
    if withdrawn := facts.get(OrderWithdrawn):
        outcome = WITHDRAWN.get(withdrawn.reason, "cancelled")
        return Ending(outcome, withdrawn.reason, (), placed.total)
    if refused := facts.get(OrderRefused):
        return Ending("refused", refused.reason, (), placed.total)
    if StockRefused in facts:
        return Ending("out_of_stock", "stock_refused", (), placed.total)
    return _ending_by_parcels(facts, placed)


def _ending_by_parcels(facts: Facts, placed: OrderPlaced) -> Ending | None:
    numbers = plan(facts)
    seen = {number: found for number in numbers if (found := sighting(facts, number))}
    if not numbers or len(seen) < len(numbers):
        return None
    outcome = joint_outcome(found.outcome for found in seen.values())
    refund = _refund(facts, placed, outcome, [n for n in numbers if seen[n].outcome != "delivered"])
    if refund is None:
        return None
    reasons = {found.reason for found in seen.values() if found.outcome != "delivered"}
    return Ending(
        outcome,
        reasons.pop() if len(reasons) == 1 else None,
        tuple(ParcelEnd(parcel=number, outcome=seen[number].outcome) for number in numbers),
        refund,
    )


def joint_outcome(outcomes: Iterable[ParcelOutcome]) -> Outcome:
    """All alike: that outcome; any delivered: partly delivered; else lost before destroyed before returned."""
    kinds = set(outcomes)
    if len(kinds) == 1:
        return kinds.pop()
    if "delivered" in kinds:
        return "partly_delivered"
    return next(outcome for outcome in WORST_FIRST if outcome in kinds)


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
