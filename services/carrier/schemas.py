"""Bodies and answers of the carrier service's HTTP interface, and how the answers are filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from contracts.base import ParcelNumber
from contracts.carrier import LabelCreated, ParcelScanned
from services.carrier.domain.batches import MOST_PARCELS, State
from services.carrier.domain.documents import Paper
from services.carrier.domain.enquiries import open_enquiry
from services.carrier.domain.labels import open_label_case
from services.carrier.domain.parcels import parcel_state, parcels_of
from shared.http.models import Body, View
from shared.ledger.facts import Facts


class DestructionBody(Body):
    """Why a parcel is gone for good."""

    reason: Literal["destroyed", "seized", "abandoned"]


class EnquiryAnswerBody(Body):
    """What the carrier answered to an enquiry about a silent parcel."""

    found: bool
    """False: it is lost."""


class LabelDecisionBody(Body):
    """What a person decided about a label that may exist, or that could not be had."""

    action: Literal["repeat", "refuse"]
    """`repeat`: ask the carrier for it again; `refuse`: give the parcel up."""


class WantedLabelBody(Body):
    """Whose label is wanted."""

    order_id: UUID
    parcel: ParcelNumber | None = None
    """Each of the order's when it is left out."""


class LabelBatchBody(Body):
    """Whose labels are wanted."""

    parcels: Annotated[list[WantedLabelBody], Field(min_length=1, max_length=MOST_PARCELS)]
    """In the order in which they are printed."""
    paper: Paper = "label"
    """`label`, or `cn23`."""
    check: bool = False
    """Ask the carrier whether labels that are not made yet can be: the reason is then `possible`, what the carrier says
    (`sls:30204`), or `not_checked`."""


class LabelItemView(View):
    """The label of one parcel, or why there is none."""

    order_id: UUID
    parcel: int | None
    """Null as long as the order has no parcels."""
    state: State
    reason: str | None
    """Null when it is found."""
    tracking_number: str | None
    media_type: str | None
    prints: int
    """How often its label was handed out so far, by this answer too where it holds the label; above 1: a reprint."""


class LabelBatchView(View):
    """The labels of many parcels."""

    items: tuple[LabelItemView, ...]
    """In the order of the request."""


class OperationView(View):
    """What a carrier is asked for."""

    counterpart: str
    operation: str
    """`labels`."""
    paused: bool
    """Whether it is not asked for now, for a fault of ours."""


class LabelView(View):
    """A label that the carrier has made."""

    parcel: int
    tracking_number: str
    """The carrier's."""
    partner_number: str | None
    """The one under which the carrier's partner delivers it, where there is another."""
    changes: list[str]
    """What the label states otherwise than it was given, a field and a word each: `lastName:latin`, `line2:split`."""
    product: str
    """What the carrier calls the service."""
    used: bool
    """Whether it is the parcel's label."""
    stored: bool
    """Whether its document is still kept."""
    prints: int
    """How often it was handed out; above 1 there were reprints."""
    created_at: datetime


class UnconfirmedLabelView(View):
    """A label that may exist at the carrier because an answer was lost."""

    parcel: int
    reason: str
    """How the answer was lost."""
    tracking_number: str | None
    """As far as the answer could be read."""
    recorded_at: datetime


class ParcelView(View):
    """A parcel as this service knows it."""

    parcel: int
    """Its number within the order, from 1."""
    state: str
    """From `waiting_for_label` and `labelled` to its end, as `delivered`; `let_go` when its order needs no label."""
    tracking_number: str | None
    """Null until there is a label."""
    scans: int
    """How many events of the carrier were published."""
    unreadable_events: int
    """Events of the carrier that could not be read; counted by `GET /orders/{order_id}` alone."""
    case: str | None
    """The name of the open case that waits for a person's answer."""


class SetAsideEventsView(View):
    """Events of the carrier that are not believed: they are kept, and change nothing."""

    parcel: int
    reason: str
    """`too_early`, `in_the_future` or `too_many`."""
    events: int
    """How many."""
    first_at: datetime
    """When the first of them claims to have happened."""
    last_at: datetime
    """When the last of them claims to have happened."""


class OrderView(View):
    """What the carrier service knows of an order."""

    order_id: UUID
    parcels: list[ParcelView]
    """None until it is packed."""
    labels: list[LabelView]
    """Every label made."""
    ghost_labels: list[UnconfirmedLabelView]
    """Every label that may exist besides."""
    set_aside: list[SetAsideEventsView]


Rows: TypeAlias = Iterable[Any]
"""Rows of the database, whose columns are the fields of the view."""


def order_view(facts: Facts, labels: Rows, unconfirmed: Rows, unreadable: Mapping[int, int], aside: Rows) -> OrderView:
    """`unreadable`: events that could not be read, by parcel."""
    return OrderView(
        order_id=facts.id,
        parcels=[parcel_view(facts, parcel, unreadable.get(parcel, 0)) for parcel in parcels_of(facts)],
        labels=[LabelView(**row) for row in labels],
        ghost_labels=[UnconfirmedLabelView(**row) for row in unconfirmed],
        set_aside=[SetAsideEventsView(**row) for row in aside],
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
