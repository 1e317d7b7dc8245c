"""One parcel of a document: status, flags, contents, and who must do what next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar, cast

from contracts.base import CountryCode, Event, OrderLine, Parcel, ParcelContent
from contracts.carrier import LabelCreated, LabelRefused, ParcelScanned
from contracts.cases import CaseOpened
from contracts.customs import ImportCleared, ImportHeld, ImportRefused, ParcelDeclared, ParcelRefused
from contracts.vocabularies import RANKS, Flag, Status
from contracts.warehouse import ParcelHandedOver, ParcelReceivedBack
from services.tracking.domain.details import CarrierDetails, latest_details
from services.tracking.domain.journey import Journey, handed_to_carrier
from services.tracking.domain.next_actions import (
    ASKED_OF_RECIPIENT,
    PARCEL_ACTIONS,
    SINCE_LAST_SCAN,
    NextAction,
    ParcelState,
    next_action,
)

E = TypeVar("E", bound=Event)
Stage = Literal["prepared", "handed_over", "left_origin", "import_customs", "last_mile", "end"]

_STAGES: tuple[tuple[int, Stage], ...] = (
    (RANKS["in_destination_network"], "last_mile"),
    (RANKS["import_customs"], "import_customs"),
    (RANKS["departed_origin"], "left_origin"),
    (RANKS["accepted"], "handed_over"),
)
"""The lowest rank of each stage."""

_CASE_STATES: Mapping[str, ParcelState] = {"customs_hold": "customs_held", "enquiry": "silent"}

_BEFORE_SCANS: tuple[tuple[type[Event], ParcelState], ...] = (
    (ParcelHandedOver, "handed_over"),
    (LabelRefused, "label_refused"),
    (LabelCreated, "labelled"),
    (ParcelRefused, "export_refused"),
    (ParcelDeclared, "declared"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one order line."""

    sku: str
    quantity: int
    description: str | None
    hs_code: str | None = None


@dataclass(frozen=True, slots=True)
class ParcelView:
    """What the document says of a parcel."""

    parcel: int
    carrier: str | None
    tracking_number: str | None
    status: Status | None
    """Canonical; None while there is no label."""
    status_at: datetime | None
    seen_at: datetime | None
    """The latest scan."""
    country: CountryCode | None
    flags: tuple[Flag, ...]
    state: ParcelState
    """As the status, but finer before the first scan, and naming what blocks the parcel."""
    since: datetime
    stage: Stage
    final: bool
    items: tuple[Item, ...]
    weight_g: int | None
    reason: str | None = None
    """Why the carrier says that it is held, or what is due at the door."""
    details: CarrierDetails | None = None
    city: str | None = None
    """Where in the country it is."""
    duty_paid: bool | None = None
    """True: its label says that the addressee has no duties and taxes to pay."""


def parcel_view(
    number: int,
    facts: Sequence[Event],
    journey: Journey,
    *,
    box: Parcel | None = None,
    packed_at: datetime | None = None,
    lines: Sequence[OrderLine] = (),
    case: CaseOpened | None = None,
) -> ParcelView:
    """The parcel, from its facts by time (at least one, or else `packed_at`). `case`: the open one that blocks it."""
    state, since = _state(facts, journey, packed_at, case)
    goods = {line.line: line for line in lines}
    label = _last(facts, LabelCreated)
    return ParcelView(
        parcel=number,
        carrier=label.carrier if label else None,
        tracking_number=_tracking_number(facts),
        status=journey.status,
        status_at=journey.status_at,
        seen_at=journey.seen_at,
        country=journey.country,
        flags=journey.flags,
        state=state,
        since=since,
        stage=_stage(journey, state, handed_to_carrier(facts)),
        final=journey.final,
        items=tuple(_item(content, goods.get(content.line)) for content in box.contents) if box else (),
        weight_g=box.weight_g if box else None,
        reason=journey.reason,
        details=latest_details(facts),
        city=journey.city,
        duty_paid=True if label and label.duty_paid else None,
    )


def parcel_action(parcel: ParcelView, case: CaseOpened | None) -> NextAction | None:
    """Who must do what by when for this parcel: an open case comes first, with its own due date."""
    if case and case.action == "await_customs":
        return NextAction("import_customs", "clear", case.due_at, parcel.parcel)
    if case:
        return NextAction("service_desk", case.action, case.due_at, parcel.parcel)
    if parcel.reason in ASKED_OF_RECIPIENT:
        return next_action(ASKED_OF_RECIPIENT[parcel.reason], parcel.since, parcel.parcel)
    since = parcel.since
    if parcel.state in SINCE_LAST_SCAN and parcel.seen_at:
        since = max(since, parcel.seen_at)
    return next_action(PARCEL_ACTIONS[parcel.state], since, parcel.parcel)


def _item(content: ParcelContent, line: OrderLine | None) -> Item:
    description, hs_code = (line.description, line.hs_code) if line else (None, None)
    return Item(content.sku, content.quantity, description, hs_code)


def _state(
    facts: Sequence[Event], journey: Journey, packed_at: datetime | None, case: CaseOpened | None
) -> tuple[ParcelState, datetime]:
    begin = packed_at or facts[0].occurred_at
    status_at = journey.status_at or begin
    # A journey's status names its side of the border, so that each is a state too.
    status = cast("ParcelState | None", journey.status)
    if status and journey.final:
        back = _last(facts, ParcelReceivedBack)
        return ("booked_in", back.occurred_at) if back and status == "returned" else (status, status_at)
    if case and case.kind in _CASE_STATES:
        return _CASE_STATES[case.kind], case.occurred_at
    if "customs_held" in journey.flags:
        return "customs_held", _flagged(facts, "customs_held", status_at)
    if status == "returning":
        return status, status_at
    refused, cleared = _last(facts, ImportRefused), _last(facts, ImportCleared)
    if refused and not cleared and journey.rank < RANKS["import_cleared"]:
        return "import_refused", refused.occurred_at
    if "delivery_failed" in journey.flags:
        return "delivery_failed", _flagged(facts, "delivery_failed", status_at)
    if "problem" in journey.flags:
        return "problem", _flagged(facts, "problem", status_at)
    if journey.rank <= RANKS["announced"]:
        for kind, state in _BEFORE_SCANS:
            if fact := _last(facts, kind):
                return state, fact.occurred_at
        return ("labelled", status_at) if status else ("packed", begin)
    return status or "packed", status_at


def _flagged(facts: Sequence[Event], flag: Flag, otherwise: datetime) -> datetime:
    """When the flag was last set; `otherwise` when no fact of these sets it."""
    times = [fact.scanned_at for fact in facts if isinstance(fact, ParcelScanned) and flag in fact.sets]
    if flag == "customs_held":
        times += [fact.held_at for fact in facts if isinstance(fact, ImportHeld)]
    return max(times, default=otherwise)


def _stage(journey: Journey, state: ParcelState, handed_over: bool) -> Stage:
    """How far the parcel is; it may pass customs without a scan. One that never arrives stays at the furthest stage in
    which it was scanned."""
    if journey.status == "delivered":
        return "end"
    if state == "customs_held" and journey.rank >= RANKS["departed_origin"]:
        return "import_customs"
    if state == "delivery_failed":
        return "last_mile"
    seen = [RANKS[status] for _, status in journey.scan_statuses if RANKS[status] < RANKS["returning"]]
    furthest = max([0 if journey.final else journey.rank, *seen])
    return next((stage for rank, stage in _STAGES if furthest >= rank), "handed_over" if handed_over else "prepared")


def _tracking_number(facts: Sequence[Event]) -> str | None:
    """The tracking number scanned at the hand-over, else the label's, else that of the carrier's scans."""
    fact = _last(facts, ParcelHandedOver) or _last(facts, LabelCreated) or _last(facts, ParcelScanned)
    return fact.tracking_number if fact else None


def _last(facts: Sequence[Event], kind: type[E]) -> E | None:
    return next((fact for fact in reversed(facts) if isinstance(fact, kind)), None)
