"""What happened to an order: every accepted fact once, by event time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import CountryCode, Event, ParcelEvent
from contracts.carrier import (
    LabelRefused,
    ParcelDelivered,
    ParcelDestroyed,
    ParcelDetailsReported,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportHeld, ImportRefused, OrderRefused, ParcelRefused
from contracts.orders import CancelRequested, OrderAmended, OrderClosed
from contracts.vocabularies import RANKS, Flag, Status
from contracts.warehouse import CancelTooLate, OrderWithdrawn, StockShort


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the timeline."""

    at: datetime
    """Event time, which may be long before the fact was consumed."""
    kind: str
    """The event's name, e.g. `parcel-scanned`."""
    parcel: int | None = None
    code: str | None = None
    """The carrier's own code."""
    status: Status | None = None
    """The status that the scan stands for; None for a code that changes none."""
    sets: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()
    country: CountryCode | None = None
    city: str | None = None
    """Where in the country, in the carrier's words."""
    utc_offset_minutes: int | None = None
    """The offset in which the carrier stated the time."""
    outcome: str | None = None
    reason: str | None = None
    case: str | None = None
    """The kind of the case."""


def timeline(events: Sequence[Event], scan_statuses: Mapping[UUID, Status]) -> tuple[Entry, ...]:
    """The entries of these facts. `scan_statuses`: the status that each scan stands for, by its id.

    `parcel-delivered` and `parcel-returned` have an entry only where no scan of the parcel reports the same; what the
    carrier reports beside its scans has none.
    """
    scanned = {(event.parcel, scan_statuses.get(event.id)) for event in events if isinstance(event, ParcelScanned)}
    entries = []
    for event in events:
        match event:
            case ParcelDelivered() if (event.parcel, "delivered") in scanned:
                continue
            case ParcelReturned() if (event.parcel, "returned") in scanned:
                continue
            case ParcelDetailsReported():
                continue
            case ParcelScanned():
                entry = _scan(event, scan_statuses.get(event.id))
            case CaseClosed():
                entry = Entry(event.occurred_at, event.NAME, case=event.kind, reason=event.resolution)
            case _:
                entry = _entry(event)
        entries.append((entry.at, RANKS[entry.status] if entry.status else 0, entry.parcel or 0, event.id.int, entry))
    return tuple(entry for *_, entry in sorted(entries, key=lambda item: item[:4]))


def _scan(scan: ParcelScanned, status: Status | None) -> Entry:
    return Entry(
        scan.scanned_at,
        scan.NAME,
        scan.parcel,
        code=scan.code,
        status=status,
        sets=scan.sets,
        clears=scan.clears,
        country=scan.country,
        city=scan.city,
        utc_offset_minutes=scan.utc_offset_minutes,
        reason=scan.reason,
    )


def _entry(event: Event) -> Entry:
    """Any other fact, with its reason or outcome where it has one. The shop's reason for a hold is not shown to its
    shopper."""
    occurred_at, kind = event.occurred_at, event.NAME
    parcel = event.parcel if isinstance(event, ParcelEvent) else None
    match event:
        case ParcelDelivered():
            return Entry(event.delivered_at, kind, parcel)
        case ParcelReturned():
            return Entry(event.returned_at, kind, parcel, reason=event.reason)
        case ImportHeld():
            return Entry(event.held_at, kind, parcel, reason=event.reason)
        case (
            ImportRefused()
            | ParcelRefused()
            | LabelRefused()
            | ParcelDestroyed()
            | OrderRefused()
            | StockShort()
            | CancelRequested()
            | OrderWithdrawn()
            | CancelTooLate()
        ):
            return Entry(occurred_at, kind, parcel, reason=event.reason)
        case ParcelLost():
            return Entry(occurred_at, kind, parcel, reason=event.said_by)
        case OrderClosed():
            return Entry(occurred_at, kind, outcome=event.outcome, reason=event.reason)
        case OrderAmended():
            return Entry(occurred_at, kind, parcel, outcome=event.outcome)
        case CaseOpened():
            return Entry(occurred_at, kind, event.parcel, case=event.kind, reason=event.reason)
        case _:
            return Entry(occurred_at, kind, parcel)
