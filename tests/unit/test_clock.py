"""The business clock: whatever the machine's clock and the file do, it never steps back within a process."""

from __future__ import annotations

import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock
from shared.clock import NOTICE_SECONDS, REREAD_SECONDS, Clock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Machine:
    """The clocks of a machine: `step` is what NTP, or a person, does to one of them."""

    def __init__(self) -> None:
        self.real, self.up = 1_700_000_000.0, 50.0

    def passes(self, seconds: float) -> None:
        self.real += seconds
        self.up += seconds

    def step(self, seconds: float) -> None:
        self.real += seconds

    def clock(self, path: Path | None = None) -> Clock:
        return Clock(path, lambda: self.real, lambda: self.up)


def write(path: Path, *segments: tuple[float, datetime, float]) -> None:
    entries = [{"epoch": epoch, "start": start.isoformat(), "speed": speed} for epoch, start, speed in segments]
    path.write_text(json.dumps({"segments": entries}))


def test_without_a_file_the_clock_is_real() -> None:
    machine = Machine()
    assert machine.clock().now() == datetime.fromtimestamp(machine.real, UTC)
    assert Clock().real_seconds(timedelta(hours=1)) == 3600
    before = time.time()
    assert Clock().now().timestamp() == pytest.approx(before, abs=3600)


def test_a_machine_whose_clock_is_set_back_stands_still_until_it_has_caught_up() -> None:
    machine = Machine()
    business = machine.clock()
    instant = business.now()
    machine.step(-3600)
    machine.passes(3599)
    assert business.now() == instant
    machine.passes(2)
    assert business.now() == instant + timedelta(seconds=1)


def test_a_machine_whose_clock_is_set_forward_is_followed() -> None:
    machine = Machine()
    business = machine.clock()
    instant = business.now()
    machine.step(3600)
    assert business.now() == instant + timedelta(hours=1)


def test_a_file_that_was_set_to_an_earlier_time_moves_nothing_back(tmp_path: Path) -> None:
    machine, path = Machine(), tmp_path / "clock.json"
    write(path, (machine.real, NOON, 10.0))
    business = machine.clock(path)
    instant = business.now()
    write(path, (machine.real, NOON - timedelta(hours=1), 3600.0))
    machine.passes(REREAD_SECONDS * 2)
    assert business.now() == instant
    assert business.speed() == 3600
    machine.passes(1)
    assert business.now() > instant


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        '{"segments": [{"epoch": 1700000000, "sta',
        "[]",
        "null",
        '{"segments": []}',
        '{"segments": [{"epoch": 0, "start": "2020-01-01T00:00:00", "speed": 1}]}',
        '{"segments": [{"epoch": 0, "start": "2020-01-01T00:00:00Z", "speed": 0}]}',
        '{"segments": [{"epoch": NaN, "start": "2020-01-01T00:00:00Z", "speed": 1}]}',
        '{"segments": [{"epoch": 0, "start": 5, "speed": 1}]}',
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    machine, path = Machine(), tmp_path / "clock.json"
    write(path, (machine.real, NOON, 10.0))
    business = machine.clock(path)
    path.unlink() if content is None else path.write_text(content)
    for _ in range(5):
        machine.passes(1)
        instant = business.now()
    assert instant == NOON + timedelta(seconds=50)
    assert capsys.readouterr().out.count("clock file cannot be read") == 1
    write(path, (machine.real, NOON + timedelta(days=1), 1.0))
    machine.passes(1)
    assert business.now() == NOON + timedelta(days=1, seconds=1)


def test_a_file_that_cannot_be_read_at_first_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    with pytest.raises(OSError, match="No such file"):
        Clock(path)
    path.write_text("{}")
    with pytest.raises(ValueError, match="not a clock file"):
        Clock(path)


def test_a_change_within_one_tick_of_the_file_systems_clock_is_noticed(tmp_path: Path) -> None:
    machine, path = Machine(), tmp_path / "clock.json"
    write(path, (machine.real, NOON, 10.0))
    business, stood = machine.clock(path), path.stat()
    clock.change_speed(path, 1000.0, lambda: machine.real)
    os.utime(path, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    machine.passes(NOTICE_SECONDS * 2)
    business.now()
    assert business.speed() == 1000


def test_all_processes_tell_the_same_time_through_changes_of_speed(tmp_path: Path) -> None:
    """Also through two in quick succession, of which the second was announced before the first began."""
    machine, path = Machine(), tmp_path / "clock.json"
    write(path, (machine.real, NOON, 1000.0))
    clock.create(path, NOON + timedelta(days=400), 1)  # a restart: the file that is there stays
    first, other = machine.clock(path), machine.clock(path)
    expected = NOON
    for turn in range(40):
        match turn:
            case 10:
                clock.change_speed(path, 10.0, lambda: machine.real)
            case 12:
                clock.change_speed(path, 100.0, lambda: machine.real)
        assert first.now() == other.now()
        machine.passes(0.25)
    # 2.5 s to the first change and its notice at 1000, half a second to the next at 10, the rest at 100
    expected += timedelta(seconds=3.1 * 1000 + 0.5 * 10 + 6.4 * 100)
    assert abs(first.now() - expected) < timedelta(milliseconds=1)
    assert first.speed() == other.speed() == 100


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(tmp_path: Path, speed: float) -> None:
    path = tmp_path / "clock.json"
    clock.create(path, NOON, 5.0)
    with pytest.raises(ValueError, match="speed above zero"):
        clock.change_speed(path, speed)
    assert Clock(path).speed() == 5


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("passes"), st.floats(0, 10)),
        st.tuples(st.just("step"), st.floats(-10_000, 10_000)),
        st.tuples(st.just("change_speed"), st.floats(0.001, 100_000)),
        st.tuples(st.just("rewrite"), st.floats(-1_000_000, 1_000_000)),
        st.tuples(st.just("spoil"), st.just(0.0)),
    ),
    max_size=40,
)


@given(_STEPS, st.booleans())
def test_it_never_steps_back(steps: list[tuple[str, float]], has_file: bool) -> None:
    machine = Machine()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clock.json"
        write(path, (machine.real, NOON, 60.0))
        business = machine.clock(path if has_file else None)
        instant = business.now()
        for what, amount in steps:
            match what:
                case "passes":
                    machine.passes(amount)
                case "step":
                    machine.step(amount)
                case "change_speed" if path.read_text() != "{":
                    clock.change_speed(path, amount, lambda: machine.real)
                case "rewrite":
                    write(path, (machine.real, NOON + timedelta(seconds=amount), 60.0))
                case "spoil":
                    path.write_text("{")
            machine.up += REREAD_SECONDS * 2
            earlier, instant = instant, business.now()
            assert instant >= earlier
            assert instant.tzinfo is UTC


def test_it_never_steps_back_in_another_thread() -> None:
    """While the machine's clock jumps to and fro, what one thread was told is never before what another was."""
    jumps = iter(1_700_000_000.0 + (number * 7919) % 1000 for number in range(40_000))
    business = Clock(None, lambda: next(jumps))
    instants = [datetime.min.replace(tzinfo=UTC)]

    def ask() -> None:
        for _ in range(5_000):
            before = instants[-1]
            now = business.now()
            assert now >= before
            instants.append(now)

    with ThreadPoolExecutor(4) as threads:
        for reading in [threads.submit(ask) for _ in range(4)]:
            reading.result()
