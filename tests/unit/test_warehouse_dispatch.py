"""The day on which goods leave: the cut-off hour in Paris, weekends, the public holidays of France."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.warehouse.domain.dispatch import PARIS, dispatch_date, is_working_day

CUT_OFF = 14


@pytest.mark.parametrize(
    ("complete_at", "leaves"),
    [
        (datetime(2026, 11, 24, 12, 59, 59, tzinfo=UTC), date(2026, 11, 24)),  # 13:59:59 in Paris
        (datetime(2026, 11, 24, 13, 0, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 7, 15, 11, 59, tzinfo=UTC), date(2026, 7, 15)),  # summer time: 13:59
        (datetime(2026, 7, 15, 12, 0, tzinfo=UTC), date(2026, 7, 16)),
        (datetime(2026, 11, 24, 23, 30, tzinfo=UTC), date(2026, 11, 25)),  # the next day in Paris, before its cut-off
    ],
)
def test_what_is_complete_before_the_cut_off_in_paris_leaves_the_same_day(complete_at: datetime, leaves: date) -> None:
    assert dispatch_date(complete_at, CUT_OFF) == leaves


@pytest.mark.parametrize(
    ("day", "hour", "leaves"),
    [
        (date(2026, 11, 27), 9, date(2026, 11, 27)),  # a Friday
        (date(2026, 11, 27), 15, date(2026, 11, 30)),
        (date(2026, 11, 28), 9, date(2026, 11, 30)),
        (date(2026, 11, 29), 9, date(2026, 11, 30)),
        (date(2026, 12, 24), 15, date(2026, 12, 28)),  # Christmas is a Friday
        (date(2026, 4, 3), 15, date(2026, 4, 7)),  # Easter Monday is closed
        (date(2026, 5, 13), 15, date(2026, 5, 15)),  # Ascension
        (date(2026, 12, 31), 15, date(2027, 1, 4)),  # over the new year
    ],
)
def test_else_the_next_working_day(day: date, hour: int, leaves: date) -> None:
    complete_at = datetime(day.year, day.month, day.day, hour, tzinfo=PARIS)
    assert dispatch_date(complete_at, CUT_OFF) == leaves


@pytest.mark.parametrize(
    "day",
    [
        # As the French state publishes them (service-public.fr, "jours fériés").
        *[(2026, *day) for day in ((1, 1), (4, 6), (5, 1), (5, 8), (5, 14), (5, 25), (7, 14), (11, 11), (12, 25))],
        *[(2027, *day) for day in ((1, 1), (3, 29), (5, 6), (5, 17), (7, 14), (11, 1), (11, 11))],
        *[(2028, *day) for day in ((4, 17), (5, 1), (5, 8), (5, 25), (6, 5), (7, 14), (8, 15), (11, 1), (12, 25))],
    ],
)
def test_nobody_works_on_a_public_holiday(day: tuple[int, int, int]) -> None:
    assert date(*day).weekday() < 5
    assert not is_working_day(date(*day))


@pytest.mark.parametrize("day", [date(2026, 4, 3), date(2028, 12, 26)])
def test_the_holidays_of_alsace_and_moselle_alone_are_working_days(day: date) -> None:
    assert is_working_day(day)


@pytest.mark.parametrize(("hour", "leaves"), [(0, date(2026, 11, 25)), (24, date(2026, 11, 24))])
def test_the_cut_off_may_be_the_beginning_or_the_end_of_the_day(hour: int, leaves: date) -> None:
    for complete in (datetime(2026, 11, 24, 0, 0, tzinfo=PARIS), datetime(2026, 11, 24, 23, 59, tzinfo=PARIS)):
        assert dispatch_date(complete, hour) == leaves


def test_the_calendar_ends() -> None:
    with pytest.raises(OverflowError):
        dispatch_date(datetime.max.replace(tzinfo=UTC), CUT_OFF)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(0, 24))  # noqa: DTZ001
def test_it_is_the_first_working_day_that_is_left(moment: datetime, cut_off: int) -> None:
    complete_at = moment.replace(tzinfo=UTC)
    leaves = dispatch_date(complete_at, cut_off)
    local = complete_at.astimezone(PARIS)
    first = local.date() + timedelta(days=local.hour >= cut_off)
    assert is_working_day(leaves)
    assert leaves >= first
    assert not any(is_working_day(first + timedelta(days=n)) for n in range((leaves - first).days))
