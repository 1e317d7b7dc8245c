"""Actions at instants of business time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime

Advance = Callable[[], datetime]
"""Runs what is due by now; returns the business instant."""
Action = Callable[[datetime], None]
"""Called with the instant it was due at, which may lie before the instant it runs at."""


class Scheduler:
    """A heap of actions by due instant; to find that none is due costs one comparison, however many there are."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Action]] = []
        self._sequence = itertools.count()

    def schedule(self, due: datetime, action: Action) -> None:
        """Runs the action once business time has reached `due`; actions of one instant in their order of scheduling."""
        heapq.heappush(self._due, (due, next(self._sequence), action))

    def run_until(self, now: datetime) -> None:
        """Runs all actions that are due by now in order of time, and those that they schedule for no later than now."""
        while self._due and self._due[0][0] <= now:
            due, _, action = heapq.heappop(self._due)
            action(due)

    def __len__(self) -> int:
        return len(self._due)
