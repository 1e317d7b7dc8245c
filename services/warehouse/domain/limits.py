"""What a carrier accepts in one parcel, as dated data. A change of the carrier's terms is a new row here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ParcelLimits:
    """In grams and millimetres. The length is the longest side."""

    carrier: str
    valid_from: date
    max_weight_g: int
    max_length_mm: int
    max_sum_mm: int
    """Length, width and height together."""
    source: str


LIMITS: tuple[ParcelLimits, ...] = (
    ParcelLimits(
        carrier="laposte",
        valid_from=date(2020, 1, 1),
        max_weight_g=30_000,
        max_length_mm=1_000,
        max_sum_mm=1_500,
        source="Colissimo's terms as commonly stated; unconfirmed for product DOS to China, see the contract",
    ),
)


def limits_on(carrier: str, day: date) -> ParcelLimits:
    """The row in force on this day. LookupError when the carrier has none."""
    rows = [row for row in LIMITS if row.carrier == carrier and row.valid_from <= day]
    if not rows:
        raise LookupError(f"no parcel limits of {carrier} on {day}")
    return max(rows, key=lambda row: row.valid_from)
