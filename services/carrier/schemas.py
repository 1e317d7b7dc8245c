"""Bodies and answers of the carrier service's HTTP interface, and how the answers are filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.carrier import LabelCreated, ParcelScanned
from services.carrier.domain.enquiries import open_enquiry
from services.carrier.domain.labels import open_label_case
from services.carrier.domain.parcels import parcel_state, parcels_of
from shared.ledger.facts import Facts


class Destruction(BaseModel):
    """Why a parcel is gone for good."""

    model_config = ConfigDict(extra="forbid")
    reason: Literal["destroyed", "seized", "abandoned"]


class EnquiryAnswer(BaseModel):
    """What the carrier answered to an enquiry about a silent parcel."""

    model_config = ConfigDict(extra="forbid")
    found: bool


class LabelAnswer(BaseModel):
    """What a person decided about a label that may exist, or that could not be had."""

    model_config = ConfigDict(extra="forbid")
    action: Literal["repeat", "refuse"]


class LabelView(BaseModel):
    parcel: int
    tracking_number: str
    partner_number: str | None
    product: str
    used: bool
    stored: bool
    created_at: datetime


class UnconfirmedLabelView(BaseModel):
    """A label that may exist at the carrier because an answer was lost."""

    parcel: int
    reason: str
    tracking_number: str | None
    recorded_at: datetime


class ParcelView(BaseModel):
    parcel: int
    state: str
    tracking_number: str | None
    scans: int
    unreadable_events: int
    case: str | None


class SetAsideView(BaseModel):
    """Events of the carrier that are not believed: they are kept, and change nothing."""

    parcel: int
    reason: str
    """`too_early`, `in_the_future` or `too_many`."""
    events: int
    first_at: datetime
    last_at: datetime
    """When the first and the last of them claim to have happened."""


class OrderView(BaseModel):
    order_id: UUID
    parcels: list[ParcelView]
    labels: list[LabelView]
    ghost_labels: list[UnconfirmedLabelView]
    set_aside: list[SetAsideView]


Rows: TypeAlias = Iterable[Any]
"""Rows of the database, whose columns are the fields of the view."""


def order_view(facts: Facts, labels: Rows, unconfirmed: Rows, unreadable: Mapping[int, int], aside: Rows) -> OrderView:
    """`unreadable`: events that could not be read, by parcel."""
    return OrderView(
        order_id=facts.id,
        parcels=[parcel_view(facts, parcel, unreadable.get(parcel, 0)) for parcel in parcels_of(facts)],
        labels=[LabelView(**row) for row in labels],
        ghost_labels=[UnconfirmedLabelView(**row) for row in unconfirmed],
        set_aside=[SetAsideView(**row) for row in aside],
    )


def parcel_view(facts: Facts, parcel: int, unreadable: int = 0) -> ParcelView:
    """The state of a parcel, its scans and the case that waits for a person."""
    label = facts.get(LabelCreated, parcel)
    case = open_enquiry(facts, parcel) or open_label_case(facts, parcel)
    return ParcelView(
        parcel=parcel,
        state=parcel_state(facts, parcel),
        tracking_number=label.tracking_number if label else None,
        scans=sum(scan.parcel == parcel for scan in facts.all(ParcelScanned)),
        unreadable_events=unreadable,
        case=case.case if case else None,
    )
