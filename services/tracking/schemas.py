"""The answers of the HTTP interface."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, get_args
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from contracts import vocabularies
from contracts.base import CountryCode
from contracts.vocabularies import REGIMES, STATUSES, TAX_PAYERS, Outcome
from services.tracking.domain import next_actions, parcels
from services.tracking.domain.next_actions import Action
from shared.http.models import View


def _known(words: Sequence[str]) -> Any:
    """Any word is read: a later version of the service, beside this one, may have written the document."""
    return Field(json_schema_extra={"enum": list(words)})


Status = Annotated[str, _known(STATUSES)]
"""A scan with an unknown one has none."""
OrderState = Annotated[str, _known(get_args(next_actions.OrderState))]
ParcelState = Annotated[str, _known(get_args(next_actions.ParcelState))]
Stage = Annotated[str, _known(get_args(parcels.Stage))]
Actor = Annotated[str, _known(get_args(next_actions.Actor))]
Flag = Annotated[str, _known(get_args(vocabularies.Flag))]


class Answer(View):
    """Fields without a value are left out."""

    model_config = ConfigDict(extra="forbid")


class PublicTracking(Answer):
    """All that anyone who knows, or guesses, a tracking number may know: nothing of the order, its goods or people."""

    status: Status
    status_at: AwareDatetime
    """Since when the parcel has this status."""
    country: CountryCode | None = None
    """Where it is, ISO 3166-1 alpha-2."""
    flags: tuple[Flag, ...] = ()
    """Beside the status: what is not as it should be, as `customs_held`."""


class NextStep(Answer):
    """Who must do what, by when at the latest."""

    actor: Actor
    """Who."""
    action: Action | str
    """What; of an open case it may be a word that is not listed."""
    by: AwareDatetime | None = None
    """At the latest."""
    parcel: int | None = None
    """Left out, it concerns the whole order."""


class OpenCase(Answer):
    """A case that waits for a person's decision. The deadlines of the order pause while it is open."""

    kind: str
    """As `customs_hold` or `enquiry`."""
    parcel: int | None = None
    """Left out, it concerns the whole order."""
    reason: str
    """In a word, as `missing_invoice`."""
    action: str
    """What a person has to do, as `answer_customs`."""
    opened_at: AwareDatetime
    due_at: AwareDatetime | None = None
    """By when it should be closed."""


class ParcelItem(Answer):
    """Units of one order line in a parcel."""

    sku: str
    quantity: int
    description: str | None = None
    """In the shop's own words."""
    hs_code: str | None = None
    """The goods' code in the Harmonized System, by which the page names them in the reader's language."""


class CarrierDetails(Answer):
    """What the carrier tells of a parcel beside its scans."""

    expected_on: date | None = None
    """The day on which the carrier expects to deliver: its estimate, not ours."""
    expected_from: AwareDatetime | None = None
    """From when on of that day, where the carrier tells hours."""
    expected_until: AwareDatetime | None = None
    """Until when; told with `expected_from`."""
    product: str | None = None
    """The carrier's own word."""
    partner: str | None = None
    """Who carries the parcel in the country of destination."""
    partner_number: str | None = None
    """The partner's own number of the parcel."""
    pickup_point: str | None = None
    """Where it waits to be collected."""
    page: str | None = None
    """The carrier's public page about the parcel."""


class ParcelTracking(Answer):
    """Where a parcel is."""

    parcel: int
    """Its number within the order, from 1."""
    carrier: str | None = None
    tracking_number: str | None = None
    """The carrier's."""
    status: Status | None = None
    """Canonical (see the glossary); left out while there is no label."""
    status_at: AwareDatetime | None = None
    """Since when it has this status."""
    seen_at: AwareDatetime | None = None
    """The latest scan."""
    country: CountryCode | None = None
    """Where it is, ISO 3166-1 alpha-2."""
    city: str | None = None
    """Where in the country, in the carrier's words; left out where its latest scan does not say."""
    flags: tuple[Flag, ...] = ()
    """Beside the status: what is not as it should be."""
    state: ParcelState
    """As the status, but finer before the first scan, and naming what blocks the parcel."""
    since: AwareDatetime
    """When it came into this state."""
    stage: Stage
    """How far along its way it is."""
    final: bool
    """Nothing more is expected of it."""
    items: tuple[ParcelItem, ...] = ()
    """What is in it."""
    weight_g: int | None = None
    """In grams."""
    reason: str | None = None
    """Why the carrier says that it is held, or what is due at the door (`duty_due`)."""
    details: CarrierDetails | None = None
    duty_paid: bool | None = None
    """True: its label says that the addressee has no duties and taxes to pay; else left out."""


class TimelineEntry(Answer):
    """Something that has happened."""

    at: AwareDatetime
    """When it happened, which may be long before it became known."""
    kind: str
    """The event's name, as `parcel-scanned`."""
    parcel: int | None = None
    """Left out, it concerns the whole order."""
    code: str | None = None
    """The carrier's own code of a scan."""
    status: Status | None = None
    """The status that a scan stands for; left out where it changes none."""
    sets: tuple[Flag, ...] = ()
    """The flags that a scan sets."""
    clears: tuple[Flag, ...] = ()
    """The flags that a scan clears."""
    country: CountryCode | None = None
    """Where, ISO 3166-1 alpha-2."""
    city: str | None = None
    """Where in the country, in the carrier's words."""
    utc_offset_minutes: int | None = None
    """The offset in which the carrier stated the time."""
    outcome: str | None = None
    """How the order, or the parcel, has ended."""
    reason: str | None = None
    case: str | None = None
    """The kind of a case that was opened or closed."""


class OrderTracking(Answer):
    """Everything about where an order is; needs the order's secret. No personal data and no price."""

    order_id: UUID
    number: str | None = None
    """The marketplace's own."""
    marketplace: str | None = None
    """Where it was placed."""
    language: str | None = None
    """In which the shopper reads, BCP 47."""
    country: CountryCode | None = None
    """Where it goes, ISO 3166-1 alpha-2."""
    province: str | None = None
    """Where in it, ISO 3166-2."""
    placed_at: AwareDatetime | None = None
    """Left out, as all the above, while the order itself has not arrived."""
    regime: Annotated[str, _known(REGIMES)] | None = None
    """Under which it is imported; left out while customs has not screened it."""
    tax_paid_by: Annotated[str, _known(TAX_PAYERS)] | None = None
    """Who pays the import tax: the addressee, to the post when the parcel comes, or who guarantees it, with the
    declaration; left out where it is not known."""
    state: OrderState
    since: AwareDatetime
    """When it came into this state."""
    outcome: Outcome | None = None
    """How it has ended; left out while it has not."""
    reason: str | None = None
    """Why it has ended, or is ending, in this way."""
    refund_due: bool
    """The seller has money to give back."""
    next: tuple[NextStep, ...] = ()
    """The most urgent first."""
    cases: tuple[OpenCase, ...] = ()
    """The open ones, the oldest first."""
    parcels: tuple[ParcelTracking, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    updated_at: AwareDatetime
    """When the latest fact occurred."""
