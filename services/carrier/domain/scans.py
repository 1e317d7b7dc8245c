"""From a carrier's raw scans to facts of an order.

A scan's id is its parcel, code and minute, so that what poll and call-back both report is one fact: the first is
published, and each source's own words are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.carrier import ParcelScanned
from services.carrier.domain.carrier import CodeMeaning
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
