"""What a heartbeat's age means."""

from __future__ import annotations

import asyncpg

from shared.operations.state import FRESH_SECONDS, Heartbeat


def test_a_heartbeat_counts_for_six_seconds() -> None:
    clock = [100.0]
    heartbeat = Heartbeat(lambda: clock[0])
    assert (heartbeat.state, heartbeat.age) == ("starting", None)
    heartbeat.answered()
    heartbeat.written()
    assert (heartbeat.state, heartbeat.age) == ("ok", 0)
    clock[0] += FRESH_SECONDS
    assert (heartbeat.state, heartbeat.age) == ("ok", FRESH_SECONDS)
    clock[0] += 0.1
    heartbeat.failed(TimeoutError())
    assert heartbeat.state == "TimeoutError"


def test_a_database_that_answers_and_takes_no_writes_is_read_only_whatever_it_says() -> None:
    clock = [100.0]
    heartbeat = Heartbeat(lambda: clock[0])
    heartbeat.answered()
    heartbeat.failed(asyncpg.DiskFullError())
    assert heartbeat.state == "read_only"
    heartbeat.written()
    clock[0] += FRESH_SECONDS + 0.1
    heartbeat.answered()
    assert heartbeat.state == "read_only"


def test_a_loop_that_has_frozen_shows() -> None:
    """Nobody says that anything failed; the last heartbeat grows old by itself."""
    clock = [100.0]
    heartbeat = Heartbeat(lambda: clock[0])
    heartbeat.answered()
    heartbeat.written()
    clock[0] += 60
    assert heartbeat.state == "no answer"
