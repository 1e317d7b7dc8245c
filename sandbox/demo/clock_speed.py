"""Business time slows down for people and for backlog, and runs fast while parcels only travel."""

from __future__ import annotations

import time
from collections.abc import Callable

SLOW = 2_000.0
"""While people have work: five minutes of real work are a business week, so no deadline passes by itself."""
TOLERATED_BACKLOG = 100
"""So much work that waits between the services is no backlog yet."""
_MIN_RATIO = 1.25
_MIN_SECONDS_BETWEEN_CHANGES = 1.5


class ClockSpeed:
    """Chooses the clock's speed between `SLOW` and the run's own by the work that waits."""

    def __init__(self, change: Callable[[float], None], fast: float) -> None:
        self._change, self._fast = change, fast
        self._slow = min(SLOW, fast)
        self.speed = self._slow
        self._changed = 0.0

    def adjust(self, waiting: int, behind: int) -> None:
        """`waiting`: orders that wait for a person or a machine of ours, not for a journey. `behind`: call-backs,
        records and outside calls that nobody has handled yet."""
        wanted = self._slow if waiting else max(self._slow, self._fast / max(1.0, behind / TOLERATED_BACKLOG))
        if max(wanted / self.speed, self.speed / wanted) < _MIN_RATIO:
            return
        now = time.monotonic()
        if now - self._changed >= _MIN_SECONDS_BETWEEN_CHANGES:
            self._change(wanted)
            self.speed, self._changed = wanted, now
