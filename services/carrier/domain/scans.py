"""From a carrier's raw scans to facts of an order.

A scan's id is its parcel, code and minute, so that what poll and call-back both report is one fact: the first is
published, and each source's own words are kept. Where one answer lists several events of a code in one minute, each is
a fact: there are as many as the answer with most of them lists. One that is stored keeps its turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from uuid import UUID

from contracts.carrier import ParcelScanned
from services.carrier.domain.carrier import CarrierEvent, CodeMeaning
from services.carrier.domain.windows import SetAsideReason, check_scans
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class KnownScan:
    """A raw scan whose parcel is known by now."""

    carrier: str
    tracking_number: str
    source: str
    digest: bytes
    code: str
    scanned_at: datetime
    utc_offset_minutes: int
    country: str | None
    order_id: UUID
    parcel: int
    turn: int = 1
    """Which of the events of its code and minute it is, in the answer that lists it."""
    city: str | None = None


def turns(answer: Sequence[CarrierEvent]) -> list[int]:
    """Which of the events of its parcel, code and minute each one is, in one answer of the carrier: 1 for the earliest.
    An event that is listed twice in the same words is one."""
    if len(answer) == 1:
        return [1]
    alike: dict[_Minute, set[tuple[datetime, bytes]]] = defaultdict(set)
    for event in answer:
        if event.scanned_at is not None:
            alike[_minute(event, event.scanned_at)].add((event.scanned_at, event.raw))
    places = {minute: {event: place for place, event in enumerate(sorted(those), 1)} for minute, those in alike.items()}
    return [
        places[_minute(event, event.scanned_at)][event.scanned_at, event.raw] if event.scanned_at is not None else 1
        for event in answer
    ]


def settled_turns(listed: Mapping[bytes, int], stored: Mapping[bytes, int]) -> dict[bytes, int]:
    """The turns of the events of one minute that an answer lists, by their digests. `listed`: by their time;
    `stored`: of those that are known, the earliest known first.

    What is known keeps its turn, for it is published under it: the other events get the lowest turns that are left. Of
    two that were reported alone, and so have the same turn, the one reported first keeps it.
    """
    settled: dict[bytes, int] = {}
    used: set[int] = set()
    for digest, turn in stored.items():
        if digest in listed and turn not in used:
            settled[digest] = turn
            used.add(turn)
    left = (turn for turn in count(1) if turn not in used)
    for digest in sorted(listed, key=lambda digest: listed[digest]):
        if digest not in settled:
            settled[digest] = next(left)
    return settled


_Minute = tuple[str, str | None, datetime]


def _minute(event: CarrierEvent, scanned_at: datetime) -> _Minute:
    return event.tracking_number, event.code, scanned_at.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class CheckedScans:
    """What becomes of a batch of raw scans."""

    believed: list[ParcelScanned]
    set_aside: dict[UUID, SetAsideReason]
    """Why a fact, by its id, is not believed."""
    reasons: dict[KnownScan, SetAsideReason]
    """The same for each raw scan that reports it."""


def scan_fact(scan: KnownScan, meaning: CodeMeaning) -> ParcelScanned:
    """The scan as a fact. Its time is the one stated by the carrier, whenever it was reported."""
    return ParcelScanned(
        order_id=scan.order_id,
        occurred_at=scan.scanned_at,
        parcel=scan.parcel,
        tracking_number=scan.tracking_number,
        code=scan.code,
        status=meaning.status,
        sets=meaning.sets,
        clears=meaning.clears,
        reason=meaning.reason,
        scanned_at=scan.scanned_at,
        utc_offset_minutes=scan.utc_offset_minutes,
        country=scan.country,
        city=scan.city,
        turn=scan.turn,
    )


def check_batch(
    sets: Mapping[UUID, Facts], batch: Iterable[tuple[KnownScan, CodeMeaning]], now: datetime
) -> CheckedScans:
    """Which scans of a batch are believed, given the facts of their orders, at `now` (business time)."""
    by_order: dict[UUID, dict[UUID, ParcelScanned]] = defaultdict(dict)
    reports: dict[UUID, list[KnownScan]] = defaultdict(list)
    for scan, meaning in batch:
        fact = scan_fact(scan, meaning)
        by_order[scan.order_id].setdefault(fact.id, fact)
        reports[fact.id].append(scan)
    believed: list[ParcelScanned] = []
    set_aside: dict[UUID, SetAsideReason] = {}
    for order_id, facts in by_order.items():
        sound, doubted = check_scans(sets[order_id], facts.values(), now)
        believed += sound
        set_aside |= {fact.id: reason for fact, reason in doubted}
    reasons = {scan: reason for fact_id, reason in set_aside.items() for scan in reports[fact_id]}
    return CheckedScans(believed, set_aside, reasons)
