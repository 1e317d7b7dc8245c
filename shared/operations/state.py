"""What a running service knows of itself: its loops, its heartbeat, and whether it may work."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.loop import Loop

FRESH_SECONDS = 6.0
"""Seconds; an older heartbeat counts as none."""


class Heartbeat:
    """When the database last answered, and when it last took a write. `now`: monotonic seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._read_at = self._written_at = -math.inf
        self._trouble = "starting"

    def answered(self) -> None:
        self._read_at = self._now()

    def written(self) -> None:
        self._written_at = self._now()
        self._trouble = "no answer"  # until another cause is reported

    def failed(self, error: BaseException) -> None:
        self._trouble = type(error).__name__

    @property
    def age(self) -> float | None:
        """Seconds since the last write; None before the first."""
        age = self._now() - self._written_at
        return age if math.isfinite(age) else None

    @property
    def state(self) -> str:
        """`ok`; `read_only` while it answers and takes no writes; else what is the matter."""
        now = self._now()
        if now - self._written_at <= FRESH_SECONDS:
            return "ok"
        return "read_only" if now - self._read_at <= FRESH_SECONDS else self._trouble


@dataclass(slots=True)
class ServiceState:
    """Of one process."""

    name: str = ""
    """The service's, from when it is wired."""
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    loops: list[Loop] = field(default_factory=list)
    only_reads: bool = False
    """Over HTTP: then it is ready on a database that takes no writes."""
    blocked: str | None = None
    """Why this service may decide nothing until an operator has acted."""
    lag: int | None = None
    """Records that wait on the topics, when they were last counted; None before."""

    def block(self, cause: str) -> None:
        """Nothing is changed here any more."""
        self.blocked = cause

    def loop(self, name: str) -> Loop:
        """The loop of this name; made, and starting, when it is first asked for."""
        loop = next((loop for loop in self.loops if loop.name == name), None)
        if loop is None:
            loop = Loop(name)
            self.loops.append(loop)
        return loop
