"""What a carrier reports of a parcel beside its scans, and the facts that follow. Pure.

Each fact has all that is known by then. A later report replaces only the fields that it has: an envelope without a date
leaves the date as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.carrier import MOST_DETAIL_TURNS, ParcelDetailsReported
from services.carrier.domain.windows import can_be_delivered_on
from shared.ledger.facts import Facts

_HOURS = ("expected_from", "expected_until")
_DAY = "expected_on"


@dataclass(frozen=True, slots=True)
class ParcelDetails:
    """No personal data: a company's name, a public place, a page of the carrier's."""

    product: str | None = None
    expected_on: date | None = None
    """The day on which the carrier expects to deliver."""
    expected_from: datetime | None = None
    """The hours of that day, UTC: both or neither."""
    expected_until: datetime | None = None
    partner: str | None = None
    """Who carries the parcel in the country of destination."""
    partner_number: str | None = None
    """The partner's own number of the parcel."""
    pickup_point: str | None = None
    """Where it waits to be collected."""
    page: str | None = None
    """The carrier's public page about the parcel."""

    def stored(self) -> dict[str, str | None]:
        """What is reported, as JSON has it. A day without hours removes the hours of the day reported before it."""
        stated: dict[str, str | None] = {name: str(value) for name, value in asdict(self).items() if value is not None}
        return {**dict.fromkeys(_HOURS), **stated} if self.expected_on is not None else stated


_NAMES = tuple(field.name for field in fields(ParcelDetails))


@dataclass(frozen=True, slots=True)
class KnownDetails:
    """Details whose parcel is known by now."""

    carrier: str
    tracking_number: str
    order_id: UUID
    parcel: int
    details: dict[str, str | None]
    """As stored."""


def day_set_aside(facts: Facts, report: KnownDetails, now: datetime) -> date | None:
    """The day of delivery that is reported, where it cannot be true."""
    stated = report.details.get(_DAY)
    if stated is None:
        return None
    day = date.fromisoformat(stated)
    return None if can_be_delivered_on(facts, report.parcel, day, now) else day


def believed(facts: Facts, report: KnownDetails, now: datetime) -> KnownDetails:
    """The report as it came, or without its day of delivery and the hours of it where that day cannot be true."""
    if day_set_aside(facts, report, now) is None:
        return report
    kept = {name: value for name, value in report.details.items() if name not in (_DAY, *_HOURS)}
    return replace(report, details=kept)


def details_facts(
    sets: Mapping[UUID, Facts], reports: Sequence[KnownDetails], now: datetime
) -> list[ParcelDetailsReported]:
    """The facts of those reports that have something new, at `now` (business time): of one parcel the first
    `MOST_DETAIL_TURNS`."""
    reported = (_fact(sets[report.order_id], report, now) for report in reports)
    return [fact for fact in reported if fact is not None]


def _fact(facts: Facts, report: KnownDetails, now: datetime) -> ParcelDetailsReported | None:
    known = [fact for fact in facts.all(ParcelDetailsReported) if fact.parcel == report.parcel]
    latest = max(known, key=lambda fact: fact.turn, default=None)
    turn = latest.turn + 1 if latest is not None else 1
    if turn > MOST_DETAIL_TURNS:
        return None
    before = {name: value for name, value in (_details_of(latest) if latest else {}).items() if value is not None}
    details = before | {name: report.details[name] for name in _NAMES if name in report.details}
    fact = ParcelDetailsReported.model_validate(
        {"order_id": report.order_id, "occurred_at": now, "parcel": report.parcel, "turn": turn, **details}
    )
    return None if latest is not None and _details_of(latest) == _details_of(fact) else fact


def _details_of(fact: ParcelDetailsReported) -> dict[str, Any]:
    return fact.model_dump(include=set(_NAMES))
