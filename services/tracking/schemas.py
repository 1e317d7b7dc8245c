"""The answers of the HTTP interface."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.base import CountryCode
from contracts.vocabularies import STATUSES, Flag, Outcome
from services.tracking.domain.next_actions import Action, Actor, OrderState, ParcelState
from services.tracking.domain.parcels import Stage

Status = Annotated[str, Field(json_schema_extra={"enum": list(STATUSES)})]
"""One that this version knows; a scan with an unknown one has none."""


class Answer(BaseModel):
    """Fields without a value are left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PublicTracking(Answer):
    """All that anyone who knows, or guesses, a tracking number may know. Nothing else is ever added to it."""

    status: Status
    status_at: AwareDatetime
    country: CountryCode | None = None


class NextStep(Answer):
    """Who must do what, by when at the latest."""

    actor: Actor
    action: Action | str
    by: AwareDatetime | None = None
    parcel: int | None = None
    """None: it concerns the whole order."""


class OpenCase(Answer):
    """A case that waits for a person's decision. The deadlines of the order pause while it is open."""

    kind: str
    parcel: int | None = None
    reason: str
    action: str
    opened_at: AwareDatetime
    due_at: AwareDatetime | None = None


class Item(Answer):
    sku: str
    quantity: int
    description: str | None = None


class ParcelTracking(Answer):
    parcel: int
    carrier: str | None = None
    tracking_number: str | None = None
    status: Status | None = None
    """Canonical (see the glossary); left out while there is no label."""
    status_at: AwareDatetime | None = None
    seen_at: AwareDatetime | None = None
    """The latest scan."""
    country: CountryCode | None = None
    flags: tuple[Flag, ...] = ()
    state: ParcelState
    """As the status, but finer before the first scan, and naming what blocks the parcel."""
    since: AwareDatetime
    stage: Stage
    final: bool
    items: tuple[Item, ...] = ()
    weight_g: int | None = None


class TimelineEntry(Answer):
    at: AwareDatetime
    kind: str
    parcel: int | None = None
    code: str | None = None
    status: Status | None = None
    sets: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()
    country: CountryCode | None = None
    utc_offset_minutes: int | None = None
    """The offset in which the carrier stated the time."""
    outcome: str | None = None
    reason: str | None = None
    case: str | None = None


class OrderTracking(Answer):
    """Everything about where an order is; needs the order's secret. No personal data and no price."""

    order_id: UUID
    number: str | None = None
    marketplace: str | None = None
    language: str | None = None
    country: CountryCode | None = None
    province: str | None = None
    placed_at: AwareDatetime | None = None
    state: OrderState
    since: AwareDatetime
    outcome: Outcome | None = None
    reason: str | None = None
    refund_due: bool
    next: tuple[NextStep, ...] = ()
    cases: tuple[OpenCase, ...] = ()
    parcels: tuple[ParcelTracking, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    updated_at: AwareDatetime
    """When the latest fact occurred."""
