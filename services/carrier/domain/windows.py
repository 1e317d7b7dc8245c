"""Which scans are believed: those of a time at which the parcel can have been scanned, and not without end. Pure.

What is not believed is kept as it came, shown to operators, and moves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from contracts.carrier import LabelCreated, ParcelScanned
from contracts.customs import ParcelDeclared
from contracts.vocabularies import FINAL, RANKS
from shared.ledger.facts import Facts

Aside = Literal["too_early", "in_the_future", "too_many"]
"""Why a scan is not believed."""
REASONS: tuple[Aside, ...] = ("too_early", "in_the_future", "too_many")

OFF_BY = timedelta(days=1)
"""How wrong an honest time may be: one stated without its offset, or with another's, is up to 14 hours off."""
SCANS = 200
"""Scans of one parcel that count; a parcel to China has twenty to forty."""
END_SCANS = 20
"""So many more that tell of its end: a flood of others hides no delivery."""


def sift(
    facts: Facts, scans: Iterable[ParcelScanned], now: datetime
) -> tuple[list[ParcelScanned], list[tuple[ParcelScanned, Aside]]]:
    """Of scans of one order, heard at `now` (business time): those that are believed, the earliest first, and those
    that are not. One that counts already is believed."""
    told = facts.all(ParcelScanned)
    counted = Counter(scan.parcel for scan in told)
    ends = Counter(scan.parcel for scan in told if _tells_of_an_end(scan))
    believed: list[ParcelScanned] = []
    aside: list[tuple[ParcelScanned, Aside]] = []
    for scan in sorted(scans, key=lambda scan: (scan.scanned_at, scan.id.int)):
        known = scan in facts
        reason = None if known else _out_of_time(facts, scan, now) or _too_many(scan, counted, ends)
        if reason is not None:
            aside.append((scan, reason))
            continue
        believed.append(scan)
        if not known:
            counted[scan.parcel] += 1
            ends[scan.parcel] += _tells_of_an_end(scan)
    return believed, aside


def _out_of_time(facts: Facts, scan: ParcelScanned, now: datetime) -> Aside | None:
    """A parcel cannot be scanned before it was declared, which comes before its label, nor after now."""
    if scan.scanned_at > now + OFF_BY:
        return "in_the_future"
    known = (facts.get(ParcelDeclared, scan.parcel), facts.get(LabelCreated, scan.parcel))
    earliest = min((fact.occurred_at for fact in known if fact is not None), default=None)
    return "too_early" if earliest is not None and scan.scanned_at < earliest - OFF_BY else None


def _too_many(scan: ParcelScanned, counted: Counter[int], ends: Counter[int]) -> Aside | None:
    over = ends[scan.parcel] >= END_SCANS if _tells_of_an_end(scan) else counted[scan.parcel] >= SCANS
    return "too_many" if over else None


def _tells_of_an_end(scan: ParcelScanned) -> bool:
    return scan.status is not None and RANKS.get(scan.status) == FINAL
