"""Manifests, as they are asked for and shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.carrier import BordereauCreated
from contracts.carriers import CARRIERS
from contracts.warehouse import MANIFEST_PARCELS
from services.tracking_numbers import TypedNumber
from services.warehouse.domain.manifests import ListedParcel, Manifest, ManifestState, ScannedState
from shared.http.counts import at_most
from shared.http.models import Body, View
from shared.ledger.facts import Facts

CarrierName = Literal[CARRIERS]  # type: ignore[valid-type]


class ManifestBody(Body):
    """A manifest to be opened."""

    carrier: CarrierName
    """Whose truck it is."""


class ScanBody(Body):
    """A parcel that is scanned on."""

    tracking_number: TypedNumber
    """Of the label on the box, as scanned, or typed: blanks, dots, dashes and small letters make no difference."""


class CloseBody(Body):
    """How a manifest is closed."""

    without: Annotated[list[TypedNumber], Field(max_length=MANIFEST_PARCELS), at_most(MANIFEST_PARCELS)] = Field(
        default=[]
    )
    """Tracking numbers of parcels on it that stay here: you have taken them out."""


class ManifestSummary(View):
    """A manifest without its parcels."""

    id: UUID
    carrier: str
    state: ManifestState
    opened_at: datetime
    closed_at: datetime | None
    """When its parcels were handed over; null while it is open."""
    parcels: int
    """How many are on it."""


class ManifestsPage(View):
    """A page of manifests, the latest first."""

    manifests: tuple[ManifestSummary, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class ManifestParcelView(View):
    """A parcel on a manifest."""

    order_id: UUID
    number: str | None
    """The order's, the marketplace's own."""
    parcel: int
    tracking_number: str
    scanned_at: datetime
    state: ScannedState
    """`ready` to leave; `withdrawn`, `order_closed` or `given_up`: take it out; `gone`: the carrier had it before;
    `not_ready`: not all labels of its order are known here; `handed_over` with this manifest."""


class BordereauView(View):
    """The carrier's own list of parcels of this manifest; `carrier` has its PDF."""

    part: int
    number: str
    """The carrier's."""
    parcels: int
    """How many are on it."""
    created_at: datetime


class ManifestView(View):
    """A manifest: what goes to a carrier with one truck."""

    id: UUID
    carrier: str
    state: ManifestState
    opened_at: datetime
    closed_at: datetime | None
    """When its parcels were handed over; null while it is open."""
    parcels: tuple[ManifestParcelView, ...]
    """In the order in which they were scanned."""
    bordereaux: tuple[BordereauView, ...]
    """Of a closed one, as far as the carrier has made them."""


def manifest_summary(manifest: Manifest) -> ManifestSummary:
    return ManifestSummary(
        id=manifest.id,
        carrier=manifest.carrier,
        state=manifest.state,
        opened_at=manifest.opened_at,
        closed_at=manifest.closed_at,
        parcels=manifest.parcels,
    )


def manifest_view(manifest: Manifest, rows: Sequence[ListedParcel], facts: Facts) -> ManifestView:
    """`facts` are the manifest's."""
    return ManifestView(
        id=manifest.id,
        carrier=manifest.carrier,
        state=manifest.state,
        opened_at=manifest.opened_at,
        closed_at=manifest.closed_at,
        parcels=tuple(_parcel_view(row) for row in rows),
        bordereaux=tuple(
            BordereauView(
                part=bordereau.part,
                number=bordereau.number,
                parcels=len(bordereau.tracking_numbers),
                created_at=bordereau.occurred_at,
            )
            for bordereau in sorted(facts.all(BordereauCreated), key=lambda bordereau: bordereau.part)
        ),
    )


def _parcel_view(row: ListedParcel) -> ManifestParcelView:
    return ManifestParcelView(
        order_id=row.scanned.order_id,
        number=row.number,
        parcel=row.scanned.parcel,
        tracking_number=row.scanned.tracking_number,
        scanned_at=row.scanned.scanned_at,
        state=row.state,
    )
