"""Which scans are believed: those of a time at which the parcel can have been scanned, and not without end; and which
day of delivery. Pure.

What is not believed is kept as it came and shown to operators, and changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from contracts.carrier import LabelCreated, ParcelScanned
from contracts.customs import ParcelDeclared
from contracts.vocabularies import FINAL, RANKS, Flag, with_the_carrier
from contracts.warehouse import ParcelHandedOver
from shared.ledger.facts import Facts

SetAsideReason = Literal["too_early", "before_hand_over", "in_the_future", "too_late", "too_many"]
"""Why a scan is not believed."""
REASONS: tuple[SetAsideReason, ...] = get_args(SetAsideReason)

TIME_TOLERANCE = timedelta(days=1)
"""How wrong an honest time may be: one stated without its offset, or with another's, is up to 14 hours off."""
HAND_OVER_TOLERANCE = timedelta(days=7)
"""How late a hand-over may be booked: Friday's truck on Monday, or after a holiday."""
ENDS = frozenset(status for status, rank in RANKS.items() if rank == FINAL)
"""Statuses that report a parcel's end."""
NEEDS_THE_PARCEL: frozenset[Flag] = frozenset({"customs_held", "delivery_failed"})
"""Flags that nobody can set on a parcel that the carrier does not have. A problem or a delay may concern its
announcement (DR2)."""
LONGEST_JOURNEY = timedelta(days=365)
"""From the label on. A carrier may give a number out again; what is scanned later is of another parcel."""
MAX_SCANS = 200
"""Scans of one parcel that count; a parcel to China has twenty to forty."""
MAX_END_SCANS = 20
"""Scans of one parcel that count and report its end, beside the others: a flood of those hides no delivery."""


def check_scans(
    facts: Facts, scans: Iterable[ParcelScanned], now: datetime
) -> tuple[list[ParcelScanned], list[tuple[ParcelScanned, SetAsideReason]]]:
    """Of scans of one order, received at `now` (business time): those that are believed, the earliest first, and those
    that are not. One that counts already is believed."""
    accepted = facts.all(ParcelScanned)
    counted = Counter([scan.parcel for scan in accepted])
    ends = Counter([scan.parcel for scan in accepted if scan.status in ENDS])
    believed: list[ParcelScanned] = []
    set_aside: list[tuple[ParcelScanned, SetAsideReason]] = []
    for scan in sorted(scans, key=lambda scan: (scan.scanned_at, scan.id.int)):
        is_accepted = scan in facts
        reason = None if is_accepted else _wrong_time(facts, scan, now) or _too_many(scan, counted, ends)
        if reason is not None:
            set_aside.append((scan, reason))
            continue
        believed.append(scan)
        if not is_accepted:
            counted[scan.parcel] += 1
            ends[scan.parcel] += scan.status in ENDS
    return believed, set_aside


def can_be_delivered_on(facts: Facts, parcel: int, day: date, now: datetime) -> bool:
    """Whether the carrier can expect to deliver on this day: not before the parcel had its label, nor a year after it.
    Where the label is not known, from a year ago to a year ahead."""
    label = facts.get(LabelCreated, parcel)
    first = label.occurred_at - TIME_TOLERANCE if label else now - LONGEST_JOURNEY
    last = (label.occurred_at if label else now) + LONGEST_JOURNEY
    return first.date() <= day <= last.date()


def _wrong_time(facts: Facts, scan: ParcelScanned, now: datetime) -> SetAsideReason | None:
    """A parcel cannot be scanned before it was declared, which comes before its label, nor after now. No carrier can
    have it before it was handed over, once that is known. What bears its number a year after its label is another."""
    if scan.scanned_at > now + TIME_TOLERANCE:
        return "in_the_future"
    label = facts.get(LabelCreated, scan.parcel)
    before = (facts.get(ParcelDeclared, scan.parcel), label)
    earliest = min((fact.occurred_at for fact in before if fact is not None), default=None)
    if earliest is not None and scan.scanned_at < earliest - TIME_TOLERANCE:
        return "too_early"
    handed_over = facts.get(ParcelHandedOver, scan.parcel)
    taken = handed_over.occurred_at - HAND_OVER_TOLERANCE if handed_over else None
    if taken and scan.scanned_at < taken and (with_the_carrier(scan.status) or NEEDS_THE_PARCEL & set(scan.sets)):
        return "before_hand_over"
    return "too_late" if label and scan.scanned_at > label.occurred_at + LONGEST_JOURNEY else None


def _too_many(scan: ParcelScanned, counted: Counter[int], ends: Counter[int]) -> SetAsideReason | None:
    over = ends[scan.parcel] >= MAX_END_SCANS if scan.status in ENDS else counted[scan.parcel] >= MAX_SCANS
    return "too_many" if over else None
