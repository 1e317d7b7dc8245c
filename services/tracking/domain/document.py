"""The answer to "where is it?": one document, derived from the set of all facts of an order.

Its bytes depend on that set alone, whatever the order, repetition or lateness of the facts' arrival: no clock, no
serial numbers, keys sorted. Times in it are the business time of the facts themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from contracts.base import Event, ParcelEvent
from contracts.carrier import ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import CancelRequested, HoldReleased, OrderClosed, OrderPlaced
from contracts.warehouse import (
    CancelTooLate,
    OrderHeld,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelRepacked,
    StockRefused,
    StockReserved,
    StockShort,
)
from services.plans import plan_of
from services.tracking.domain.details import CarrierDetails
from services.tracking.domain.journey import Journey, derive_journey
from services.tracking.domain.next_actions import ORDER_ACTIONS, REFUND, NextAction, OrderState, next_action
from services.tracking.domain.parcels import Item, ParcelView, parcel_action, parcel_view
from services.tracking.domain.timeline import Entry, timeline
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Case:
    """An open case: something a person has to decide."""

    kind: str
    parcel: int | None
    reason: str
    action: str
    opened_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Document:
    """The whole document of an order. No personal data, no price, no free text."""

    order_id: UUID
    number: str | None
    marketplace: str | None
    language: str | None
    country: str | None
    province: str | None
    placed_at: datetime | None
    state: OrderState
    since: datetime
    outcome: str | None
    reason: str | None
    refund_due: bool
    next: tuple[NextAction, ...]
    cases: tuple[Case, ...]
    parcels: tuple[ParcelView, ...]
    timeline: tuple[Entry, ...]
    updated_at: datetime
    """When the latest fact occurred."""


@dataclass(frozen=True, slots=True)
class DerivedDocument:
    """A document and its bytes."""

    document: Document
    body: bytes
    etag: str
    """The first 32 hexadecimal digits of the SHA-256 of the bytes."""
    has_given_up_boxes: bool
    """Whether a box of the order was given up, which the document does not show."""


def derive(facts: Facts) -> DerivedDocument | None:
    """The document of this order with its bytes; None while it has no fact that a document shows."""
    document = document_of(facts)
    if document is None:
        return None
    body = canonical_json(document)
    return DerivedDocument(document, body, hashlib.sha256(body).hexdigest()[:32], ParcelRepacked in facts)


def document_of(facts: Facts) -> Document | None:
    """As `derive`, without the bytes."""
    events = [event for event in facts if not _is_dead_letter_case(event)]
    if not events:
        return None
    placed, packed, closed = facts.get(OrderPlaced), plan_of(facts), facts.get(OrderClosed)
    cases = open_cases(facts)
    holding_cases = {case.parcel: case for case in reversed(cases)}
    given_up = {repacked.parcel for repacked in facts.all(ParcelRepacked)}
    by_parcel = _events_by_parcel(events, packed, given_up)
    journeys = _journeys(facts, by_parcel)
    boxes = {parcel.parcel: parcel for parcel in packed.parcels} if packed else {}
    parcels = tuple(
        parcel_view(
            number,
            by_parcel[number],
            journey,
            box=boxes.get(number),
            packed_at=packed.occurred_at if packed else None,
            lines=placed.lines if placed else (),
            case=holding_cases.get(number),
        )
        for number, journey in journeys.items()
    )
    state, since = _state(facts, parcels, events[0].occurred_at)
    parcel_actions = [parcel_action(parcel, holding_cases.get(parcel.parcel)) for parcel in parcels]
    scan_statuses = dict(scan for journey in journeys.values() for scan in journey.scan_statuses)
    return Document(
        order_id=facts.id,
        number=placed.number if placed else None,
        marketplace=placed.marketplace if placed else None,
        language=placed.language if placed else None,
        country=placed.country if placed else None,
        province=placed.province if placed else None,
        placed_at=placed.placed_at or placed.occurred_at if placed else None,
        state=state,
        since=since,
        outcome=closed.outcome if closed else None,
        reason=_reason(facts),
        refund_due=closed is not None and closed.refund_due.amount > 0,
        next=_next(state, since, closed, [p for p in parcel_actions if p], cases, shown=journeys),
        cases=tuple(Case(c.kind, c.parcel, c.reason, c.action, c.occurred_at, c.due_at) for c in cases),
        parcels=parcels,
        timeline=timeline(events, scan_statuses),
        updated_at=events[-1].occurred_at,
    )


def open_cases(facts: Facts) -> list[CaseOpened]:
    """The cases nobody has closed, oldest first; without those of dead letters."""
    return [
        case
        for case in facts.all(CaseOpened)
        if facts.get(CaseClosed, case.case) is None and not _is_dead_letter_case(case)
    ]


def _is_dead_letter_case(event: Event) -> bool:
    """Dead letters concern the operator. Those of this service are in no topic from which it could be rebuilt."""
    return isinstance(event, CaseOpened | CaseClosed) and event.kind == "dead_letter"


def canonical_json(document: Document) -> bytes:
    """JSON in UTF-8: keys sorted, no spaces, empty fields left out, instants as `2026-11-23T06:05:00Z`."""
    return orjson.dumps(document, _present, _JSON)


_JSON = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS


def _present(value: Any) -> dict[str, Any]:
    """The fields of a part of the document that are not empty."""
    present = {}
    for name in _FIELDS[type(value)]:
        field = getattr(value, name)
        if field is not None and field != ():
            present[name] = field
    return present


_FIELDS: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Document, Case, NextAction, ParcelView, CarrierDetails, Item, Entry)
}


def _events_by_parcel(
    events: Sequence[Event], packed: OrderPacked | None, given_up: Collection[int]
) -> dict[int, list[Event]]:
    """The facts of every packed parcel, and of any other parcel that a fact names, without boxes that were given up."""
    by_parcel: dict[int, list[Event]] = {parcel.parcel: [] for parcel in packed.parcels} if packed else {}
    for event in events:
        if isinstance(event, ParcelEvent) and event.parcel not in given_up:
            by_parcel.setdefault(event.parcel, []).append(event)
    return dict(sorted(by_parcel.items()))


def _journeys(facts: Facts, by_parcel: Mapping[int, Sequence[Event]]) -> dict[int, Journey]:
    placed, closed = facts.get(OrderPlaced), facts.get(OrderClosed)
    ends = {end.parcel: (closed, end) for end in closed.parcels} if closed else {}
    return {
        number: derive_journey(
            events,
            destination=placed.country if placed else None,
            end=ends.get(number),
            withdrawn=facts.get(OrderWithdrawn),
        )
        for number, events in by_parcel.items()
    }


def _state(facts: Facts, parcels: tuple[ParcelView, ...], begin: datetime) -> tuple[OrderState, datetime]:
    """The state of the order as a whole, and since when: the ends first, then the furthest step that it has reached."""
    for kind, ended in _ENDS:
        if fact := facts.first(kind):
            return ended, fact.occurred_at
    if parcels and all(parcel.final for parcel in parcels):
        return "ending", max(parcel.since for parcel in parcels)
    cancel, unshipped = facts.get(CancelRequested), all(parcel.stage == "prepared" for parcel in parcels)
    if cancel and unshipped and CancelTooLate not in facts:
        return "cancel_requested", cancel.occurred_at
    if parcels and unshipped:
        return "packed", min(parcel.since for parcel in parcels)
    if parcels:
        departure = facts.first(ParcelHandedOver) or facts.first(ParcelScanned)
        return "under_way", departure.occurred_at if departure else begin
    holds = [held for held in facts.all(OrderHeld) if facts.get(HoldReleased, held.hold) is None]
    if holds:
        return "on_hold", holds[0].occurred_at
    for kind, reached in _PROGRESS:
        if fact := facts.first(kind):
            return reached, fact.occurred_at
    return "expected", begin


_ENDS: tuple[tuple[type[Event], OrderState], ...] = (
    (OrderClosed, "closed"),
    (OrderWithdrawn, "withdrawn"),
    (OrderRefused, "refused"),
    (StockRefused, "out_of_stock"),
)
_PROGRESS: tuple[tuple[type[Event], OrderState], ...] = (
    (StockShort, "short"),
    (StockReserved, "reserved"),
    (OrderScreened, "screened"),
    (OrderPlaced, "placed"),
)


def _reason(facts: Facts) -> str | None:
    """Why the order ended as it did, as a code; None while it goes on or when there is nothing to explain."""
    closed, withdrawn, refused = facts.get(OrderClosed), facts.get(OrderWithdrawn), facts.get(OrderRefused)
    if closed and closed.reason:
        return closed.reason
    if withdrawn:
        return withdrawn.reason
    return refused.reason if refused else None


def _next(
    state: OrderState,
    since: datetime,
    closed: OrderClosed | None,
    parcel_actions: Sequence[NextAction],
    cases: Sequence[CaseOpened],
    shown: Collection[int],
) -> tuple[NextAction, ...]:
    """Who must do what by when: the action that the order itself waits for, its cases and those of boxes that are not
    shown any more, then its parcels by number.

    Nothing is expected for the parcels of an order that is being withdrawn or was refused. A returned parcel is booked
    in, and a case answered, even after the end.
    """
    of_order = next_action(REFUND if closed and closed.refund_due.amount > 0 else ORDER_ACTIONS[state], since)
    of_cases = [NextAction("service_desk", case.action, case.due_at) for case in cases if case.parcel not in shown]
    without_parcels = state in ("cancel_requested", "short", "withdrawn", "refused", "out_of_stock")
    return tuple(item for item in (of_order, *of_cases, *(() if without_parcels else parcel_actions)) if item)
