"""Business time: one clock, given to all processes alike.

Real time by default. A clock file makes it run faster: `{"segments": [{"epoch": unix seconds, "start": ISO instant,
"speed": float}, ...]}`; in a segment, business time is `start + (real - epoch) * speed`. A change of speed is a new
segment that begins in the near future, so that all processes have read it by then and time never steps back.

Technical time (time-outs, retries, poll intervals, signatures) is always real: use `time.monotonic` and `time.time`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOTICE_SECONDS = 0.6
"""How far ahead a change of speed is announced."""
REREAD_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Segment:
    epoch: float
    start: str
    speed: float

    def at(self, real: float) -> datetime:
        return datetime.fromisoformat(self.start) + timedelta(seconds=(real - self.epoch) * self.speed)


class Clock:
    """Business time. Never runs backwards within a process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._segments: Sequence[Segment] = ()
        self._mtime = 0
        self._checked = 0.0
        self._latest = datetime.min.replace(tzinfo=UTC)
        if path is not None:
            self._reread()

    @classmethod
    def from_file(cls, path: str | Path | None) -> Clock:
        """The clock of this file; real time when there is none."""
        return cls(Path(path) if path else None)

    def now(self) -> datetime:
        """Business time, UTC."""
        real = time.time()
        if self._path is None:
            return datetime.fromtimestamp(real, UTC)
        if time.monotonic() - self._checked > REREAD_SECONDS:
            self._reread()
        # A slower pace that was written too late for its notice would step back; time stands still instead.
        self._latest = max(self._latest, self._segment(real).at(real))
        return self._latest

    def speed(self) -> float:
        """Business seconds in a real second."""
        return 1.0 if self._path is None else self._segment(time.time()).speed

    def real_seconds(self, business: timedelta) -> float:
        """How long this stretch of business time lasts in real seconds at the present speed."""
        return business.total_seconds() / self.speed()

    def _segment(self, real: float) -> Segment:
        return next((s for s in reversed(self._segments) if s.epoch <= real), self._segments[0])

    def _reread(self) -> None:
        assert self._path is not None  # noqa: S101
        self._checked = time.monotonic()
        mtime = self._path.stat().st_mtime_ns
        if mtime != self._mtime:
            self._segments = _read(self._path)
            self._mtime = mtime


def create(path: Path, start: datetime, speed: float) -> None:
    """Writes a clock file that begins now. A file that is there stays: a restart never moves the clock back."""
    if not path.exists():
        _write(path, [Segment(time.time(), start.astimezone(UTC).isoformat(), speed)])


def change_speed(path: Path, speed: float) -> None:
    """From a moment ahead the clock runs at this speed. Changes by several processes follow one another."""
    with _alone(path):
        segments = _read(path)
        epoch = time.time() + NOTICE_SECONDS
        current = next((s for s in reversed(segments) if s.epoch <= epoch), segments[0])
        kept = [s for s in segments if s.epoch < epoch]
        _write(path, [*kept, Segment(epoch, current.at(epoch).isoformat(), speed)])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> list[Segment]:
    return [Segment(**segment) for segment in json.loads(path.read_text())["segments"]]


def _write(path: Path, segments: Sequence[Segment]) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"segments": [asdict(segment) for segment in segments]}))
    draft.replace(path)
