"""Business time runs fast while parcels only travel, and slowly while people have work or a backlog is pending."""

from __future__ import annotations

import time
from collections.abc import Callable

SLOW = 2_000.0
"""Business seconds in a real one while people have work: five real minutes are a business week, so that no deadline
passes while somebody works."""
TOLERATED_BACKLOG = 100
"""Pending work that does not slow down business time yet."""
_MIN_RATIO = 1.25
_MIN_SECONDS_BETWEEN_CHANGES = 1.5


class ClockSpeed:
    """Chooses the clock's speed, from `SLOW` to `fast`, by the pending work."""

    def __init__(self, change: Callable[[float], None], fast: float) -> None:
        self._change, self._fast = change, fast
        self._slow = min(SLOW, fast)
        self.speed = self._slow
        self._changed = 0.0

    def adjust(self, waiting: int, backlog: int) -> None:
        """`waiting`: orders that wait for a person or a service, not for a parcel on its way. `backlog`: call-backs,
        records and outside calls that are pending."""
        target = self._slow if waiting else max(self._slow, self._fast / max(1.0, backlog / TOLERATED_BACKLOG))
        if max(target / self.speed, self.speed / target) < _MIN_RATIO:
            return
        now = time.monotonic()
        if now - self._changed >= _MIN_SECONDS_BETWEEN_CHANGES:
            self._change(target)
            self.speed, self._changed = target, now
