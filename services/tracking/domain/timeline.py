"""What happened to an order: every accepted fact in event-time order, each once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import CountryCode, Event, ParcelEvent
from contracts.carrier import LabelRefused, ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportHeld, ImportRefused, OrderRefused, ParcelRefused
from contracts.orders import CancelRequested, OrderAmended, OrderClosed
from contracts.vocabularies import RANKS, Flag, Status
from contracts.warehouse import CancelTooLate, OrderWithdrawn, StockShort


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline."""

    at: datetime
    """When it happened, which may be long before it was heard of."""
    kind: str
    """The fact's type without its version, e.g. `parcel-scanned`."""
    parcel: int | None = None
    code: str | None = None
    """The carrier's own code."""
    status: Status | None = None
    """What the scan is read as; None for a code that moves nothing."""
    sets: tuple[Flag, ...] = ()
    clears: tuple[Flag, ...] = ()
    country: CountryCode | None = None
    utc_offset_minutes: int | None = None
    """The offset in which the carrier stated the time."""
    outcome: str | None = None
    reason: str | None = None
    case: str | None = None
    """The kind of the case."""


def timeline(events: Sequence[Event], readings: Mapping[UUID, Status]) -> tuple[Entry, ...]:
    """The entries of these facts. `readings` is what each scan is read as, by its id.

    The end that the carrier's scan shows is not told twice: `parcel-delivered` and `parcel-returned` have an entry
    only where no scan says the same.
    """
    shown = {(event.parcel, readings.get(event.id)) for event in events if isinstance(event, ParcelScanned)}
    entries = []
    for event in events:
        match event:
            case ParcelDelivered() if (event.parcel, "delivered") in shown:
                continue
            case ParcelReturned() if (event.parcel, "returned") in shown:
                continue
            case ParcelScanned():
                entry = _scan(event, readings.get(event.id))
            case CaseClosed():
                entry = Entry(event.occurred_at, _kind(event), case=event.kind, reason=event.resolution)
            case _:
                entry = _own(event)
        entries.append((entry.at, RANKS[entry.status] if entry.status else 0, entry.parcel or 0, event.id.int, entry))
    return tuple(entry for *_, entry in sorted(entries, key=lambda item: item[:4]))


def _kind(event: Event) -> str:
    return event.TYPE.rpartition(".v")[0]


def _scan(scan: ParcelScanned, status: Status | None) -> Entry:
    return Entry(
        scan.scanned_at,
        _kind(scan),
        scan.parcel,
        code=scan.code,
        status=status,
        sets=scan.sets,
        clears=scan.clears,
        country=scan.country,
        utc_offset_minutes=scan.utc_offset_minutes,
    )


def _own(event: Event) -> Entry:
    """A fact of ours, with the word that says why or how, where it has one."""
    at, kind = event.occurred_at, _kind(event)
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
            return Entry(at, kind, parcel, reason=event.reason)
        case ParcelLost():
            return Entry(at, kind, parcel, reason=event.said_by)
        case OrderClosed():
            return Entry(at, kind, outcome=event.outcome, reason=event.reason)
        case OrderAmended():
            return Entry(at, kind, parcel, outcome=event.outcome)
        case CaseOpened():
            return Entry(at, kind, event.parcel, case=event.kind, reason=event.reason)
        case _:
            return Entry(at, kind, parcel)
