"""The sandbox's scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sandbox.scheduler import Scheduler

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(0, 50))
def test_the_scheduler_runs_what_is_due_in_order_of_time(minutes: list[int], now: int) -> None:
    scheduler, ran = Scheduler(), list[datetime]()
    for minute in minutes:
        scheduler.schedule(NOON + timedelta(minutes=minute), ran.append)
    scheduler.run_until(NOON + timedelta(minutes=now))
    due = sorted(NOON + timedelta(minutes=minute) for minute in minutes if minute <= now)
    assert ran == due
    assert len(scheduler) == len(minutes) - len(due)


def test_what_becomes_due_meanwhile_runs_too() -> None:
    scheduler, ran = Scheduler(), list[datetime]()

    def first(now: datetime) -> None:
        scheduler.schedule(now + timedelta(minutes=1), ran.append)

    scheduler.schedule(NOON, first)
    scheduler.run_until(NOON + timedelta(hours=1))
    assert ran == [NOON + timedelta(minutes=1)]
