"""Bodies and answers of the carrier service's HTTP interface, and how the answers are filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from contracts.base import Money, ParcelNumber
from contracts.carrier import LabelCreated, ParcelScanned
from services.carrier.domain.batches import MOST_PARCELS, State
from services.carrier.domain.claim_cases import open_claim
from services.carrier.domain.claims import ClaimDraft
from services.carrier.domain.documents import Paper
from services.carrier.domain.enquiries import open_enquiry
from services.carrier.domain.labels import open_label_case
from services.carrier.domain.parcels import parcel_state, parcels_of
from shared.http.counts import at_most
from shared.http.models import Body, View
from shared.ledger.facts import Facts


class DestructionBody(Body):
    """Why a parcel is gone for good."""

    reason: Literal["destroyed", "seized", "abandoned"]


class EnquiryAnswerBody(Body):
    """What the carrier answered to an enquiry about a silent parcel."""

    found: bool
    """False: it is lost."""


class ClaimAnswerBody(Body):
    """Whether the claim was sent to the carrier."""

    sent: bool
    """False: none is sent, as the carrier takes none any more or it is not worth it."""


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

    parcels: Annotated[list[WantedLabelBody], Field(min_length=1, max_length=MOST_PARCELS), at_most(MOST_PARCELS)]
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


class FaultyRecordView(View):
    """A record that could not be read."""

    line: int
    """In the file, from 1."""
    field: str
    """Which field; `line` when the record as a whole has another form."""
    rule: str
    """What is not kept; `form`."""


class FeedFileView(View):
    """A file in which a carrier reported events, and what is wrong with it."""

    id: int
    carrier: str
    name: str
    set_aside: bool
    """Nothing of it counts; else all but its faulty records does."""
    reason: str
    """`inaccessible`, `too_large`, `head`, `unfinished`, `record_count`, `too_many_records`; `faulty_records` of one
    that counts."""
    records: int
    faulty_records: int
    faults: tuple[FaultyRecordView, ...]
    """Of the first twenty faulty records."""
    seen_at: datetime


class FeedFilesView(View):
    """Files of feeds that wait for a person."""

    files: tuple[FeedFileView, ...]


class SettledFileView(View):
    """A file of a feed that somebody has looked into."""

    id: int
    settled: bool


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
    """`too_early`, `before_hand_over`, `in_the_future`, `too_late` or `too_many`."""
    events: int
    """How many."""
    first_at: datetime
    """When the first of them claims to have happened."""
    last_at: datetime
    """When the last of them claims to have happened."""


class SetAsideDayView(View):
    """A day of delivery that the carrier expects and that is not believed: it is kept, and published to nobody."""

    parcel: int
    expected_on: date
    """As it came: before the label, or more than a year after it."""


class CarrierEventView(View):
    """An event of a parcel, as the carrier or who sends in its place reported it."""

    code: str | None
    """`unknown` for one that is in no table; null when the event could not be read."""
    scanned_at: datetime | None
    country: str | None
    source: str
    """`poll`, `webhook` or `feed`."""
    received_at: datetime
    request_id: str | None
    """Of the poll that told it first, for the carrier's support; null where the carrier names none."""
    set_aside: str | None
    """Why it is not believed."""
    own_code: str | None
    """As the carrier told it, also one that is in no table; null when it has none, or the person was erased."""
    words: str | None
    """In the carrier's language; null when it has none, or the person was erased."""


class CarrierEventsView(View):
    """What was reported of a parcel, the latest first; of each source once."""

    events: tuple[CarrierEventView, ...]


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
    set_aside_days: list[SetAsideDayView]


class MoneyView(View):
    """An amount of money."""

    amount: Decimal
    currency: str
    """ISO 4217."""


class ClaimArticleView(View):
    """Goods of a claim, as declared to customs."""

    description: str
    quantity: int
    unit_value: MoneyView
    hs_code: str


class ClaimScanView(View):
    """An event that the carrier has reported."""

    at: datetime
    code: str
    """The carrier's own."""
    status: str | None
    """What it means; null for a code that changes nothing."""
    country: str | None


class ClaimView(View):
    """A claim as it can be sent to the carrier, with its evidence. Without the addressee, whom the sender adds."""

    parcel: int
    grounds: Literal["lost", "silence"]
    carrier: str
    tracking_number: str
    handed_over_at: datetime
    until: datetime | None
    """The carrier takes claims until then; null for a carrier of which no limit is known."""
    enquired_at: datetime | None
    """When the enquiry that is open was opened."""
    weight_g: int
    """In grams, as declared."""
    articles: list[ClaimArticleView]
    goods: MoneyView
    """The declared value of all articles."""
    freight: MoneyView
    """The parcel's share of what the shopper paid for carriage."""
    scans: list[ClaimScanView]
    """All that the carrier has reported, by time."""


def claim_view(draft: ClaimDraft) -> ClaimView:
    """The draft of a claim."""
    return ClaimView(
        parcel=draft.parcel,
        grounds=draft.grounds,
        carrier=draft.carrier,
        tracking_number=draft.tracking_number,
        handed_over_at=draft.handed_over_at,
        until=draft.until,
        enquired_at=draft.enquired_at,
        weight_g=draft.weight_g,
        articles=[
            ClaimArticleView(
                description=article.description,
                quantity=article.quantity,
                unit_value=_amount(article.unit_value),
                hs_code=article.hs_code,
            )
            for article in draft.articles
        ],
        goods=_amount(draft.goods),
        freight=_amount(draft.freight),
        scans=[
            ClaimScanView(at=scan.scanned_at, code=scan.code, status=scan.status, country=scan.country)
            for scan in draft.scans
        ],
    )


def _amount(money: Money) -> MoneyView:
    return MoneyView(amount=money.amount, currency=money.currency)


Rows: TypeAlias = Iterable[Any]
"""Rows of the database, whose columns are the fields of the view."""


def order_view(
    facts: Facts,
    labels: Rows,
    unconfirmed: Rows,
    unreadable: Mapping[int, int],
    aside: Rows,
    days: Iterable[tuple[int, date]],
) -> OrderView:
    """`unreadable`: events that could not be read, by parcel. `days`: of parcels, those of delivery that are not
    believed."""
    return OrderView(
        order_id=facts.id,
        parcels=[parcel_view(facts, parcel, unreadable.get(parcel, 0)) for parcel in parcels_of(facts)],
        labels=[LabelView(**row) for row in labels],
        ghost_labels=[UnconfirmedLabelView(**row) for row in unconfirmed],
        set_aside=[SetAsideEventsView(**row) for row in aside],
        set_aside_days=[SetAsideDayView(parcel=parcel, expected_on=day) for parcel, day in days],
    )


def parcel_view(facts: Facts, parcel: int, unreadable: int = 0) -> ParcelView:
    """The state of a parcel, its scans and the case that waits for a person."""
    label = facts.get(LabelCreated, parcel)
    case = open_enquiry(facts, parcel) or open_claim(facts, parcel) or open_label_case(facts, parcel)
    return ParcelView(
        parcel=parcel,
        state=parcel_state(facts, parcel),
        tracking_number=label.tracking_number if label else None,
        scans=sum(scan.parcel == parcel for scan in facts.all(ParcelScanned)),
        unreadable_events=unreadable,
        case=case.case if case else None,
    )
