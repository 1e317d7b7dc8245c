"""The customs rate of a month: the day on which it is fixed, its form, and how long it is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.customs import metrics
from services.customs.regimes import tables
from services.customs.regimes.rates import days_left, fixing_days
from services.customs.regimes.rows import MAX_DAYS, Amounts, NoRule, Row
from shared.clock import Clock
from tests.support.customs_samples import POLICY


@pytest.mark.parametrize(
    ("month", "days"),
    [
        (date(2026, 12, 1), (date(2026, 11, 18), date(2026, 11, 25))),
        (date(2026, 1, 1), (date(2025, 12, 17), date(2025, 12, 24))),
        (date(2026, 5, 1), (date(2026, 4, 15), date(2026, 4, 22))),  # the month begins on a Wednesday
    ],
)
def test_a_rate_is_fixed_on_the_third_wednesday_of_the_month_before(month: date, days: tuple[date, date]) -> None:
    assert fixing_days(month) == days


def fixed(month: date, last: date, on: date) -> Row:
    return Row("8.2345", month, last, "made up", on)


NOVEMBER = fixed(date(2026, 11, 1), date(2026, 11, 30), date(2026, 10, 21))
DECEMBER = fixed(date(2026, 12, 1), date(2026, 12, 31), date(2026, 11, 18))
FEBRUARY = fixed(date(2027, 2, 1), date(2027, 2, 28), date(2027, 1, 20))


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        ((), 0),
        ((NOVEMBER,), 5),
        ((NOVEMBER, DECEMBER), 36),
        ((NOVEMBER, DECEMBER, FEBRUARY), 36),
        ((DECEMBER,), 0),
        ((Row("8.3591", date(2025, 10, 1), None, "another's rate"),), 0),
    ],
)
def test_a_rate_is_known_until_the_first_month_without_one(rows: tuple[Row, ...], days: int) -> None:
    assert days_left(Amounts("cny_per_eur", rows), date(2026, 11, 26)) == days


ROW = {"value": "8.2345", "from": "2026-12-01", "to": "2026-12-31", "fixed_on": "2026-11-18", "source": "made up"}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"fixed_on": "2026-11-25"}, None),
        ({"fixed_on": "2026-11-19"}, "third Wednesday"),
        ({"value": "8.23"}, "four decimals"),
        ({"to": "2026-12-30"}, "must hold for one whole month"),
        ({"to": None}, "must hold for one whole month"),
    ],
)
def test_a_row_that_is_no_rate_of_a_month_is_refused_at_start(
    tmp_path: Path, changed: dict[str, str | None], fault: str | None
) -> None:
    rates = tmp_path / "rates.json"
    rates.write_text(json.dumps({"cny_per_eur": [ROW | changed]}), encoding="utf-8")
    if fault is None:
        assert tables.load(tmp_path).cny_per_eur.row(date(2026, 12, 24)).fixed_on is not None
        return
    with pytest.raises(ValueError, match=fault):
        tables.load(tmp_path)


async def test_the_metric_tells_how_long_the_rate_is_known() -> None:
    """In Beijing it is the 27th already."""
    rates = Amounts("cny_per_eur", (NOVEMBER, DECEMBER))
    policy = replace(POLICY, tables=replace(POLICY.tables, cny_per_eur=rates))
    instant = datetime(2026, 11, 26, 17, tzinfo=UTC).timestamp()
    await metrics.measure(lambda: policy, Clock(None, lambda: instant))
    assert REGISTRY.get_sample_value("customs_rate_days_left") == 35


def test_the_last_rate_holds_on_where_none_follows() -> None:
    rates = Amounts("cny_per_eur", (NOVEMBER, DECEMBER), lasting=True)
    assert rates.row(date(2026, 11, 30)) == NOVEMBER
    assert rates.row(date(2027, 1, 15)) == DECEMBER
    with pytest.raises(NoRule):
        rates.row(date(2026, 10, 31))
    with pytest.raises(NoRule):
        Amounts("a_limit", (NOVEMBER, DECEMBER)).row(date(2027, 1, 1))
    assert POLICY.tables.cny_per_eur.lasting


def test_the_rate_of_a_day_does_not_depend_on_the_days_asked_before() -> None:
    rates = Amounts("cny_per_eur", (NOVEMBER, DECEMBER), lasting=True)
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(MAX_DAYS + 1)]
    expected = [NOVEMBER if day.month == 11 and day.year == 2026 else DECEMBER for day in days]
    assert [rates.row(day) for day in days] == expected
    assert [rates.row(day) for day in reversed(days)] == expected[::-1]
