"""The state of a parcel: as operators see it, and as the poller follows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from contracts.carrier import LabelCreated, LabelRefused, ParcelScanned
from contracts.vocabularies import RANKS, Status
from contracts.warehouse import ParcelHandedOver
from services.carrier.domain.labels import is_label_needed
from services.carrier.domain.outcomes import current_end
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
    status: Status | None
    """Of the latest scan that has one."""
    scans: int


def followed_parcels(facts: Facts) -> list[FollowedParcel]:
    """Each parcel of the order that has a label."""
    scans: dict[int, list[ParcelScanned]] = defaultdict(list)
    for scan in facts.all(ParcelScanned):
        scans[scan.parcel].append(scan)
    return [
        FollowedParcel(
            order_id=facts.id,
            parcel=label.parcel,
            carrier=label.carrier,
            tracking_number=label.tracking_number,
            state=follow_state(facts, label.parcel),
            status=_latest_status(scans[label.parcel]),
            scans=len(scans[label.parcel]),
        )
        for label in facts.all(LabelCreated)
    ]


def follow_state(facts: Facts, parcel: int) -> FollowState:
    """How closely a parcel with a label is followed."""
    end = current_end(facts, parcel)
    if end and end.outcome in ("delivered", "returned"):
        return "over"
    if end or not is_label_needed(facts) or is_given_up(facts, parcel):
        return "given_up"
    return "labelled" if facts.get(ParcelHandedOver, parcel) is None else "handed_over"


def _latest_status(scans: Iterable[ParcelScanned]) -> Status | None:
    known = (scan for scan in scans if scan.status in RANKS)
    latest = max(known, key=lambda scan: (scan.scanned_at, RANKS[scan.status or ""]), default=None)
    return latest.status if latest is not None else None


def parcels_of(facts: Facts) -> list[int]:
    """The order's parcels, once it is packed."""
    plan = plan_of(facts)
    return sorted(box.parcel for box in plan.parcels) if plan else []


def parcel_state(facts: Facts, parcel: int) -> str:
    """The state of a parcel in the answers of the HTTP interface."""
    if end := current_end(facts, parcel):
        return end.reason or end.outcome if end.outcome == "destroyed" else end.outcome
    if facts.get(LabelRefused, parcel) is not None:
        return "refused"
    if not is_label_needed(facts):
        return "let_go"
    if facts.get(ParcelHandedOver, parcel) is not None:
        return "handed_over"
    return "labelled" if facts.get(LabelCreated, parcel) is not None else "waiting_for_label"
