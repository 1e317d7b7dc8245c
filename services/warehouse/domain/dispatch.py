"""The day on which an order's goods leave. Pure.

The carrier collects on working days in France: Monday to Friday without public holidays (Code du travail, L3133-1).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from holidays import country_holidays

PARIS = ZoneInfo("Europe/Paris")
SATURDAY = 5
ONE_DAY = timedelta(days=1)

_HOLIDAYS = country_holidays("FR")
"""Those of the whole country; it adds a year when it is first asked about one of its days."""


def dispatch_date(complete_at: datetime, cut_off_hour: int) -> date:
    """The day in Paris on which an order leaves that is complete at this instant: the same day when that is a working
    day and this hour has not come yet, else the next working day. OverflowError beyond the calendar."""
    local = complete_at.astimezone(PARIS)
    day = local.date()
    if local.hour >= cut_off_hour:
        day += ONE_DAY
    while not is_working_day(day):
        day += ONE_DAY
    return day


def is_working_day(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in _HOLIDAYS
