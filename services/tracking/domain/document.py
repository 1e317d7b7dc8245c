"""The answer to "where is it?": the facts of an order folded into one document.

Its bytes depend on the set of facts alone, whatever the order, repetition or lateness of their arrival: no clock, no
serial numbers, keys sorted. Times in it are business time of the facts themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.base import Event, ParcelEvent
from contracts.carrier import ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.warehouse import (
    CancelTooLate,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    StockRefused,
    StockReserved,
    StockShort,
)
from services.tracking.domain.journey import Journey, follow
from services.tracking.domain.next_actions import ORDER_DUTIES, REFUND, Next, OrderState, due
from services.tracking.domain.parcels import Item, ParcelView, duty, view
from services.tracking.domain.timeline import Entry, timeline
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class Case:
    """A matter that waits for a person."""

    kind: str
    parcel: int | None
    reason: str
    action: str
    opened_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tracking:
    """The whole document of an order. No person, no price, no words of anybody's own."""

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
    next: tuple[Next, ...]
    cases: tuple[Case, ...]
    parcels: tuple[ParcelView, ...]
    timeline: tuple[Entry, ...]
    updated_at: datetime
    """When the latest fact came about."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A document and its bytes."""

    tracking: Tracking
    body: bytes
    etag: str
    """The first 32 hexadecimal digits of the SHA-256 of the bytes."""


def fold(facts: Facts) -> Folded | None:
    """The document of this order; None while nothing of it may be told."""
    tracking = track(facts)
    if tracking is None:
        return None
    body = canonical(tracking)
    return Folded(tracking, body, hashlib.sha256(body).hexdigest()[:32])


def track(facts: Facts) -> Tracking | None:
    """As `fold`, without the bytes."""
    events = [event for event in facts if not _of_machinery(event)]
    if not events:
        return None
    placed, packed, closed = facts.get(OrderPlaced), facts.get(OrderPacked), facts.get(OrderClosed)
    cases = open_cases(facts)
    holding = {case.parcel: case for case in reversed(cases)}
    own = _by_parcel(events, packed)
    journeys = _journeys(facts, own)
    boxes = {parcel.parcel: parcel for parcel in packed.parcels} if packed else {}
    parcels = tuple(
        view(
            number,
            own[number],
            journey,
            box=boxes.get(number),
            packed_at=packed.occurred_at if packed else None,
            lines=placed.lines if placed else (),
            case=holding.get(number),
        )
        for number, journey in journeys.items()
    )
    state, since = _state(facts, parcels, events[0].occurred_at)
    duties = [duty(parcel, holding.get(parcel.parcel)) for parcel in parcels]
    return Tracking(
        order_id=facts.order_id,
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
        next=_next(state, since, closed, [p for p in duties if p], cases),
        cases=tuple(Case(c.kind, c.parcel, c.reason, c.action, c.occurred_at, c.due_at) for c in cases),
        parcels=parcels,
        timeline=timeline(events, {scan: status for journey in journeys.values() for scan, status in journey.readings}),
        updated_at=events[-1].occurred_at,
    )


def open_cases(facts: Facts) -> list[CaseOpened]:
    """The cases nobody has closed, oldest first; of the order itself, not of our machines."""
    return [
        case for case in facts.all(CaseOpened) if facts.get(CaseClosed, case.case) is None and not _of_machinery(case)
    ]


def _of_machinery(event: Event) -> bool:
    """Dead letters are an operator's matter. This service's own are in no topic that it could be rebuilt from."""
    return isinstance(event, CaseOpened | CaseClosed) and event.kind == "dead_letter"


def canonical(tracking: Tracking) -> bytes:
    """JSON in UTF-8: keys sorted, no spaces, nothing where there is nothing, instants as `2026-11-23T06:05:00Z`."""
    return json.dumps(
        tracking, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
    shown = {}
    for name in _FIELDS[type(value)]:
        field = getattr(value, name)
        if field is not None and field != ():
            shown[name] = field
    return shown


_FIELDS: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (Tracking, Case, Next, ParcelView, Item, Entry)
}


def _by_parcel(events: Sequence[Event], packed: OrderPacked | None) -> dict[int, list[Event]]:
    """The facts of every parcel of the plan, and of any other that a fact speaks of."""
    own: dict[int, list[Event]] = {parcel.parcel: [] for parcel in packed.parcels} if packed else {}
    for event in events:
        if isinstance(event, ParcelEvent):
            own.setdefault(event.parcel, []).append(event)
    return dict(sorted(own.items()))


def _journeys(facts: Facts, own: Mapping[int, Sequence[Event]]) -> dict[int, Journey]:
    placed, closed = facts.get(OrderPlaced), facts.get(OrderClosed)
    ends = {end.parcel: (closed, end) for end in closed.parcels} if closed else {}
    return {
        number: follow(
            events,
            destination=placed.country if placed else None,
            end=ends.get(number),
            withdrawn=facts.get(OrderWithdrawn),
        )
        for number, events in own.items()
    }


def _state(facts: Facts, parcels: tuple[ParcelView, ...], begin: datetime) -> tuple[OrderState, datetime]:
    """The state of the order as a whole, and since when; the ends first, then backwards along the line."""
    for kind, ended in _ENDS:
        if fact := facts.first(kind):
            return ended, fact.occurred_at
    if parcels and all(parcel.final for parcel in parcels):
        return "ending", max(parcel.since for parcel in parcels)
    asked = facts.get(CancelRequested)
    if asked and CancelTooLate not in facts and all(parcel.stage == "prepared" for parcel in parcels):
        return "cancel_requested", asked.occurred_at
    if parcels and all(parcel.stage == "prepared" for parcel in parcels):
        return "packed", min(parcel.since for parcel in parcels)
    if parcels:
        left = facts.first(ParcelHandedOver) or facts.first(ParcelScanned)
        return "under_way", left.occurred_at if left else begin
    for kind, reached in _LINE:
        if fact := facts.first(kind):
            return reached, fact.occurred_at
    return "expected", begin


_ENDS: tuple[tuple[type[Event], OrderState], ...] = (
    (OrderClosed, "closed"),
    (OrderWithdrawn, "withdrawn"),
    (OrderRefused, "refused"),
    (StockRefused, "out_of_stock"),
)
_LINE: tuple[tuple[type[Event], OrderState], ...] = (
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
    duties: Sequence[Next],
    cases: Sequence[CaseOpened],
) -> tuple[Next, ...]:
    """Who must do what by when: the order's own duty, its cases, then the parcels' duties in their order.

    An order that is being withdrawn or has been refused wants nothing of its parcels any more. A returned parcel is
    booked in, and a case answered, even after the end.
    """
    of_order = due(REFUND if closed and closed.refund_due.amount > 0 else ORDER_DUTIES[state], since)
    of_cases = [Next("service_desk", case.action, case.due_at) for case in cases if case.parcel is None]
    silenced = state in ("cancel_requested", "short", "withdrawn", "refused", "out_of_stock")
    return tuple(item for item in (of_order, *of_cases, *(() if silenced else duties)) if item)
