"""Business time: one clock, given to all processes alike.

Real time by default. A clock file makes it run faster: `{"segments": [{"epoch": unix seconds, "start": ISO instant,
"speed": float}, ...]}`; in a segment, business time is `start + (real - epoch) * speed`. A change of speed is a new
segment that begins in the near future, so that all processes have read it by then and time never steps back.

Within a process business time never steps back, whatever the machine's clock and the file do: it stands still at the
last instant that it returned until they have caught up. A step forward of the machine's clock is followed at once: all
timers up to that time are due. A process that starts knows only the machine's clock and the file.

Technical time (time-outs, retries, poll intervals, signatures) is always real: use `time.monotonic` and `time.time`.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from shared.telemetry import log

NOTICE_SECONDS = 0.6
"""How far ahead a change of speed is announced."""
REREAD_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Segment:
    epoch: float
    start: datetime
    speed: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.epoch) and math.isfinite(self.speed) and self.speed > 0):
            raise ValueError("epoch and speed are finite numbers, and the speed above zero")

    def at(self, real: float) -> datetime:
        return self.start + timedelta(seconds=(real - self.epoch) * self.speed)


class Clock:
    """Business time. Never runs backwards within a process, whichever threads read it.

    `real` and `monotonic` are the machine's clocks. ValueError or OSError when the file cannot be read at first; one
    that cannot be read later changes nothing.
    """

    def __init__(
        self,
        path: Path | None = None,
        real: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._real = real
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._segments: Sequence[Segment] = ()
        self._version: _Version | None = None
        self._refused: _Version | None = None
        """The version of the file that was logged as unreadable already."""
        self._checked = 0.0
        if path is not None:
            self._version = _version(path)
            self._segments = _read(path)

    @classmethod
    def from_file(cls, path: str | Path | None) -> Clock:
        """The clock of this file; real time when there is none."""
        return cls(Path(path) if path else None)

    def now(self) -> datetime:
        """Business time, UTC."""
        with self._lock:
            real = self._real()
            if self._path is None:
                business = datetime.fromtimestamp(real, UTC)
            else:
                if self._monotonic() - self._checked > REREAD_SECONDS:
                    self._reread(self._path)
                business = _segment(self._segments, real).at(real)
            if business > self._last:
                self._last = business
            return self._last

    def speed(self) -> float:
        """Business seconds in a real second."""
        return 1.0 if self._path is None else _segment(self._segments, self._real()).speed

    def real_seconds(self, business: timedelta) -> float:
        """How long this stretch of business time lasts in real seconds at the present speed."""
        return business.total_seconds() / self.speed()

    def _reread(self, path: Path) -> None:
        self._checked = self._monotonic()
        version = _MISSING
        try:
            version = _version(path)
            if version != self._version:
                self._segments = _read(path)
                self._version = version
        except (OSError, ValueError) as error:
            # Half written, or deleted: it is read again in a moment. Until then the clock goes on by the segments read
            # before.
            if version != self._refused:
                log.warning("clock file cannot be read", error=error)
            self._refused = version


_Version: TypeAlias = tuple[int, int, int]
"""Of a file: time, inode, size. Two changes within a tick of the file system's clock bear the same time."""
_MISSING: _Version = (0, 0, 0)


def _version(path: Path) -> _Version:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _segment(segments: Sequence[Segment], real: float) -> Segment:
    return next((s for s in reversed(segments) if s.epoch <= real), segments[0])


def create(path: Path, start: datetime, speed: float) -> None:
    """Writes a clock file that begins now. A file that is there stays: a restart never moves the clock back."""
    if not path.exists():
        _write(path, [Segment(time.time(), start.astimezone(UTC), speed)])


def change_speed(path: Path, speed: float, real: Callable[[], float] = time.time) -> None:
    """From a moment ahead the clock runs at this speed. Changes by several processes follow one another. ValueError for
    one that is not above zero."""
    with _alone(path):
        segments = _read(path)
        epoch = real() + NOTICE_SECONDS
        # Segments announced for a later time are replaced: no process has reached them yet.
        kept = [segment for segment in segments if segment.epoch < epoch]
        _write(path, [*kept, Segment(epoch, _segment(segments, epoch).at(epoch), speed)])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> list[Segment]:
    """Raises ValueError for what is no clock file."""
    try:
        segments = [
            Segment(float(row["epoch"]), _start(row["start"]), float(row["speed"]))
            for row in json.loads(path.read_text())["segments"]
        ]
    except (TypeError, KeyError) as error:
        raise ValueError("not a clock file") from error
    if not segments:
        raise ValueError("a clock file without a segment")
    return sorted(segments, key=lambda segment: segment.epoch)


def _start(text: str) -> datetime:
    start = datetime.fromisoformat(text)
    if start.tzinfo is None:
        raise ValueError("the start names its offset from UTC")
    return start.astimezone(UTC)


def _write(path: Path, segments: Sequence[Segment]) -> None:
    rows = [
        {"epoch": segment.epoch, "start": segment.start.isoformat(), "speed": segment.speed} for segment in segments
    ]
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"segments": rows}))
    draft.replace(path)
