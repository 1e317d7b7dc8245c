"""China's customs rate of a month: the central bank's benchmark rate of the third Wednesday of the month before, or of
the fourth where there is none that day, with four decimals (order 124 of GACC, art. 16). It holds for the whole month.

A row of the table that says on which day it was fixed is such a rate. Where none is known the last row still holds:
an order is not refused for it, and the metric `customs_rate_days_left` warns before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from services.customs.regimes.rows import Amounts

DECIMALS = 4
WEDNESDAY = 2
_WEEK = timedelta(days=7)


def fixing_days(first: date) -> tuple[date, date]:
    """The third and the fourth Wednesday of the month before the one that begins on this day."""
    before = (first - timedelta(days=1)).replace(day=1)
    earliest = before + timedelta(days=(WEDNESDAY - before.weekday()) % 7)
    return earliest + 2 * _WEEK, earliest + 3 * _WEEK


def rate_fault(row: Mapping[str, str]) -> tuple[str, str] | None:
    """The column and the rule by which a row that was fixed is no rate of a month."""
    if not row.get("fixed_on"):
        return None
    first = date.fromisoformat(row["from"])
    if first.day != 1 or row.get("to") != str(next_month(first) - timedelta(days=1)):
        return "to", "a rate that was fixed must hold for one whole month"
    if date.fromisoformat(row["fixed_on"]) not in fixing_days(first):
        return "fixed_on", "must be the third Wednesday of the month before, or the fourth"
    if len(row["value"].partition(".")[2]) != DECIMALS:
        return "value", "must have four decimals"
    return None


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
