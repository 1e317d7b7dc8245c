"""What the carrier reports of a parcel beside its scans: the latest turn of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from contracts.base import Event
from contracts.carrier import ParcelDetailsReported


@dataclass(frozen=True, slots=True)
class CarrierDetails:
    """None of it decides anything."""

    expected_on: date | None
    """The day on which the carrier expects to deliver: its estimate, not ours."""
    expected_from: datetime | None
    """The hours of that day, where it states them: both or neither."""
    expected_until: datetime | None
    product: str | None
    partner: str | None
    """Who carries the parcel in the country of destination."""
    partner_number: str | None
    pickup_point: str | None
    """Where it waits to be collected."""
    page: str | None
    """The carrier's public page about the parcel."""


def latest_details(facts: Iterable[Event]) -> CarrierDetails | None:
    """From the facts of one parcel; None while the carrier has reported nothing."""
    reports = [fact for fact in facts if isinstance(fact, ParcelDetailsReported)]
    latest = max(reports, key=lambda report: report.turn, default=None)
    if latest is None:
        return None
    return CarrierDetails(
        expected_on=latest.expected_on,
        expected_from=latest.expected_from,
        expected_until=latest.expected_until,
        product=latest.product,
        partner=latest.partner,
        partner_number=latest.partner_number,
        pickup_point=latest.pickup_point,
        page=latest.page,
    )
