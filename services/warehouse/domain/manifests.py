"""The rules of a manifest: the parcels that leave with one truck. They are scanned on and off while it is open, and are
handed over together when it is closed.

That a parcel is on an open manifest is no fact of its order, and prevents nothing: a withdrawal, a direct hand-over and
a carrier's scan take precedence. Which parcels may leave is decided when the manifest is closed, under the locks of all
its orders.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.carrier import LabelCreated
from contracts.orders import OrderClosed
from contracts.warehouse import MANIFEST_PARCELS, ManifestClosed, ManifestParcel, OrderWithdrawn, ParcelHandedOver
from services.plans import is_given_up
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import hand_over
from services.warehouse.domain.orders import Stage
from shared.faults import Fault
from shared.ledger.facts import Facts

MOST_OPEN = 100
"""Open manifests at a time; if there are more, some were forgotten."""
ManifestState = Literal["open", "closed"]
ScannedState = Literal["ready", "withdrawn", "order_closed", "given_up", "gone", "not_ready", "handed_over"]
"""Of a parcel on a manifest. `given_up`: another box has its contents; `gone`: the carrier has it, but not by this
manifest; `handed_over`: by this one."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What goes to a carrier with one truck."""

    id: UUID
    carrier: str
    opened_at: datetime
    closed_at: datetime | None
    parcels: int
    """How many were scanned on, or left with it."""

    @property
    def state(self) -> ManifestState:
        return "open" if self.closed_at is None else "closed"


@dataclass(frozen=True, slots=True)
class ScannedParcel:
    """A parcel on a manifest."""

    order_id: UUID
    parcel: int
    tracking_number: str
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class ListedParcel:
    """A parcel on a manifest as the work lists know it."""

    scanned: ScannedParcel
    number: str | None
    """The order's, the marketplace's own."""
    state: ScannedState


@dataclass(frozen=True, slots=True)
class Closing:
    """The result of closing a manifest."""

    closed: ManifestClosed
    handed_over: tuple[ParcelHandedOver, ...]


def scanned_state(facts: Facts, parcel: int) -> ScannedState:
    """Of a parcel on an open manifest, by the facts of its order."""
    if facts.get(ParcelHandedOver, parcel) is not None:
        return "gone"
    if is_given_up(facts, parcel):
        return "given_up"
    if OrderWithdrawn in facts:
        return "withdrawn"
    return "order_closed" if OrderClosed in facts else "ready"


def listed_state(manifest: ManifestState, stage: Stage | None, handed_over: bool | None) -> ScannedState:
    """Of a parcel on a manifest, by the stage of its order and whether it was handed over, in the work lists: None for
    a parcel that is in them no more."""
    if manifest == "closed":
        return "handed_over"
    if handed_over:
        return "gone"
    if stage is not None and handed_over is None:
        return "given_up"
    match stage:
        case "withdrawn":
            return "withdrawn"
        case "closed":
            return "order_closed"
        case "labelled":
            return "ready"
    return "not_ready"


def scan_on(facts: Facts, parcel: int, scanned: str, manifest: Manifest, now: datetime) -> ScannedParcel:
    """Puts a parcel on a manifest: by the rules of a hand-over, and only for its label's carrier."""
    _require_open(manifest)
    label = facts.get(LabelCreated, parcel)
    if label is not None and label.carrier != manifest.carrier:
        fault = Fault("tracking_number", "carrier_of_manifest", f"the manifest goes to {manifest.carrier}")
        raise Refusal("invalid", "wrong carrier", faults=[fault])
    if facts.get(ParcelHandedOver, parcel) is not None:
        raise Refusal("conflict", "the parcel was handed over")
    hand_over(facts, parcel, scanned, now)
    if manifest.parcels >= MANIFEST_PARCELS:
        raise Refusal("conflict", "the manifest is full", detail=f"at most {MANIFEST_PARCELS} parcels; close it")
    return ScannedParcel(facts.id, parcel, scanned, now)


def scan_off(manifest: Manifest) -> None:
    """A parcel may be taken off, and the manifest thrown away, while it is open."""
    _require_open(manifest)


def close(
    manifest: Manifest,
    scanned: Sequence[ScannedParcel],
    orders: Mapping[UUID, Facts],
    without: Collection[str],
    now: datetime,
) -> Closing:
    """Hands over every parcel on the manifest, all or none. `orders` are the facts of their orders, by id.

    A parcel that may not leave any more is refused by name, until it is taken off or named in `without`, tracking
    numbers that stay here: whoever closes has the box in hand, or the truck takes it. One that the carrier has already
    was handed over without this manifest, and is left out of it.
    """
    _require_open(manifest)
    unknown = set(without) - {entry.tracking_number for entry in scanned}
    faults = [
        Fault(f"without.{number}", "on_manifest", "no such parcel is on the manifest") for number in sorted(unknown)
    ]
    if faults:
        raise Refusal("invalid", "a rule is broken", faults=faults)
    leaving: list[ParcelHandedOver] = []
    for entry in scanned:
        facts = orders[entry.order_id]
        state = scanned_state(facts, entry.parcel)
        if state == "gone" or entry.tracking_number in without:
            continue
        try:
            leaving.append(hand_over(facts, entry.parcel, entry.tracking_number, now))
        except Refusal as refusal:
            rule = "not_ready" if state == "ready" else state
            faults.append(Fault(f"parcels.{entry.tracking_number}", rule, refusal.title))
    if faults:
        detail = "take them off, or name their tracking numbers in `without`; nothing was handed over"
        raise Refusal("conflict", "parcels on the manifest may not leave", detail=detail, faults=faults)
    if not leaving:
        raise Refusal("conflict", "no parcel is on the manifest that could leave")
    parcels = tuple(
        ManifestParcel(order_id=fact.order_id, parcel=fact.parcel, tracking_number=fact.tracking_number)
        for fact in leaving
    )
    closed = ManifestClosed(manifest_id=manifest.id, occurred_at=now, carrier=manifest.carrier, parcels=parcels)
    return Closing(closed, tuple(leaving))


def _require_open(manifest: Manifest) -> None:
    if manifest.closed_at is not None:
        raise Refusal("conflict", "the manifest is closed")
