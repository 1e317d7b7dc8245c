"""How a parcel ends: delivered, returned, lost, destroyed."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.base import Event
from contracts.carrier import LabelCreated, ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from shared.ledger.facts import DecisionContext, Facts

OUTCOMES: tuple[type[Event], ...] = (ParcelDelivered, ParcelReturned, ParcelLost, ParcelDestroyed)


def has_ended(facts: Facts, parcel: int) -> bool:
    """Delivered, returned, lost or destroyed."""
    return any(facts.get(outcome, parcel) is not None for outcome in OUTCOMES)


def outputs(facts: Facts, context: DecisionContext) -> Iterator[Event]:
    """The outcomes that the carrier's scans report; each kind of outcome once a parcel, by its earliest scan.

    Outcomes do not exclude each other here: a parcel is found after it was lost, or is delivered and then brought back.
    Both are published, and `orders`, which owns the outcome of the order, amends.
    """
    published: set[tuple[type[Event], int]] = set()
    for scan in sorted(facts.all(ParcelScanned), key=lambda scan: (scan.scanned_at, scan.code)):
        outcome = _outcome(facts, scan, context)
        if outcome is None or (type(outcome), scan.parcel) in published or outcome in facts:
            continue
        published.add((type(outcome), scan.parcel))
        yield outcome


def _outcome(facts: Facts, scan: ParcelScanned, context: DecisionContext) -> Event | None:
    order_id, now, parcel = scan.order_id, context.now, scan.parcel
    match scan.status:
        case "delivered":
            return ParcelDelivered(order_id=order_id, occurred_at=now, parcel=parcel, delivered_at=scan.scanned_at)
        case "returned":
            # The carrier gives no reason beside its own code.
            label = facts.get(LabelCreated, parcel)
            return ParcelReturned(
                order_id=order_id,
                occurred_at=now,
                parcel=parcel,
                returned_at=scan.scanned_at,
                reason=f"{label.carrier}:{scan.code}" if label else scan.code,
            )
        case "lost":
            return ParcelLost(order_id=order_id, occurred_at=now, parcel=parcel, said_by="carrier")
        case "seized" | "destroyed":
            return ParcelDestroyed(order_id=order_id, occurred_at=now, parcel=parcel, reason=scan.status)
        case _:
            return None
