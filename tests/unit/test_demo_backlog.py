"""How the demo reads the backlog from a service's page of metrics, and slows business time down by it."""

from __future__ import annotations

from sandbox.demo.clock_speed import TOLERATED_BACKLOG, ClockSpeed
from sandbox.demo.run import backlog

PAGE = """# HELP outbox_depth events not published yet
outbox_depth 3.0
messaging_consumer_lag{partition="0"} 40.0
messaging_consumer_lag{partition="1"} 2.0
jobs_ready{kind="label"} 5.0
outbox_oldest_age_seconds 900.0
"""


def test_records_events_and_calls_that_wait_are_added_up() -> None:
    assert backlog(PAGE) == 50
    assert backlog("") == 0


def test_business_time_slows_down_for_a_service_that_does_not_answer() -> None:
    speeds: list[float] = []
    clock_speed = ClockSpeed(speeds.append, 60_000)
    clock_speed.adjust(waiting=0, backlog=backlog(None))
    assert backlog(None) > TOLERATED_BACKLOG
    assert speeds[-1] < 60_000
