"""What is due when, in business time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime

Action = Callable[[datetime], None]
"""Called with the instant it was due at, which may lie well before the instant it is run at."""


class Agenda:
    """A heap of due actions. The cost of looking is one comparison, however many parcels are under way."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()

    def at(self, due: datetime, action: Action) -> None:
        """Runs the action once business time has reached `due`; actions of one instant run in the order given."""
        heapq.heappush(self._due, (due, next(self._order), action))

    def run_until(self, now: datetime) -> None:
        """Runs everything due by now, in order of time, with what that makes due meanwhile."""
        while self._due and self._due[0][0] <= now:
            due, _, action = heapq.heappop(self._due)
            action(due)

    def __len__(self) -> int:
        return len(self._due)
