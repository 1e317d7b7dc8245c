"""China's customs rate of a month: the central bank's benchmark rate of the third Wednesday of the month before, or of
the fourth where there is none that day, with four decimals (order 124 of GACC, art. 16). It holds for the whole month.

A row of the table that says on which day it was fixed is such a rate. Where none is known the last row still holds:
an order is not refused for it, and the metric `customs_rate_days_left` warns before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from services.customs.regimes.rows import Amounts, Row

DECIMALS = 4
WEDNESDAY = 2
_WEEK = timedelta(days=7)


def fixing_days(first: date) -> tuple[date, date]:
    """The third and the fourth Wednesday of the month before the one that begins on this day."""
    before = (first - timedelta(days=1)).replace(day=1)
    earliest = before + timedelta(days=(WEDNESDAY - before.weekday()) % 7)
    return earliest + 2 * _WEEK, earliest + 3 * _WEEK


def check_rates(rows: Sequence[Row]) -> None:
    """ValueError: a row that was fixed is not of one whole month, not of four decimals, or of another day."""
    for row in rows:
        if row.fixed_on is None:
            continue
        if row.valid_from.day != 1 or row.valid_to != next_month(row.valid_from) - timedelta(days=1):
            raise ValueError(f"the rate of {row.valid_from} must hold for that month")
        if row.fixed_on not in fixing_days(row.valid_from):
            raise ValueError(f"the rate of {row.valid_from} is fixed on the third Wednesday of the month before")
        if len(row.value.partition(".")[2]) != DECIMALS:
            raise ValueError(f"the rate of {row.valid_from} has four decimals")


def days_left(rates: Amounts, day: date) -> int:
    """For how many days, from this one on, the customs rate is known without a gap; 0 when today's is not."""
    months = {row.valid_from for row in rates.rows if row.fixed_on is not None}
    month = day.replace(day=1)
    while month in months:
        month = next_month(month)
    return max(0, (month - day).days)


def next_month(day: date) -> date:
    """Its first day."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
