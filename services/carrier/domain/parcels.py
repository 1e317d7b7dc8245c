"""The state of a parcel: as operators see it, and as the poller follows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from contracts.carrier import (
    LabelCreated,
    LabelRefused,
    ParcelDelivered,
    ParcelDestroyed,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.warehouse import ParcelHandedOver
from services.carrier.domain.labels import is_label_needed
from services.carrier.domain.outcomes import has_ended
from services.plans import is_given_up, plan_of
from shared.ledger.facts import Facts

FollowState: TypeAlias = Literal["labelled", "handed_over", "over", "given_up"]
"""`over`: delivered or returned. `given_up`: lost, destroyed, repacked, or of an order that needs no label any more;
such a parcel may travel all the same."""


@dataclass(frozen=True, slots=True)
class FollowedParcel:
    """A parcel about which the carrier is polled."""

    order_id: UUID
    parcel: int
    carrier: str
    tracking_number: str
    state: FollowState
    scans: int


def followed_parcels(facts: Facts) -> list[FollowedParcel]:
    """Each parcel of the order that has a label."""
    scans = Counter(scan.parcel for scan in facts.all(ParcelScanned))
    return [
        FollowedParcel(
            order_id=facts.id,
            parcel=label.parcel,
            carrier=label.carrier,
            tracking_number=label.tracking_number,
            state=follow_state(facts, label.parcel),
            scans=scans[label.parcel],
        )
        for label in facts.all(LabelCreated)
    ]


def follow_state(facts: Facts, parcel: int) -> FollowState:
    """How closely a parcel with a label is followed."""
    if facts.get(ParcelDelivered, parcel) or facts.get(ParcelReturned, parcel):
        return "over"
    if not is_label_needed(facts) or has_ended(facts, parcel) or is_given_up(facts, parcel):
        return "given_up"
    return "labelled" if facts.get(ParcelHandedOver, parcel) is None else "handed_over"


def parcels_of(facts: Facts) -> list[int]:
    """The order's parcels, once it is packed."""
    plan = plan_of(facts)
    return sorted(box.parcel for box in plan.parcels) if plan else []


def parcel_state(facts: Facts, parcel: int) -> str:
    """The state of a parcel in the answers of the HTTP interface."""
    if facts.get(ParcelDelivered, parcel) is not None:
        return "delivered"
    if facts.get(ParcelReturned, parcel) is not None:
        return "returned"
    if (destroyed := facts.get(ParcelDestroyed, parcel)) is not None:
        return destroyed.reason
    if facts.get(ParcelLost, parcel) is not None:
        return "lost"
    if facts.get(LabelRefused, parcel) is not None:
        return "refused"
    if not is_label_needed(facts):
        return "let_go"
    if facts.get(ParcelHandedOver, parcel) is not None:
        return "handed_over"
    return "labelled" if facts.get(LabelCreated, parcel) is not None else "waiting_for_label"
