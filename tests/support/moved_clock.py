"""One business clock for a service and the outside world in one process: real time, and what a test lets pass."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared import clock


class MovedClock:
    """Whoever is given its file as `CLOCK_FILE` goes with it, within a moment."""

    def __init__(self, path: Path) -> None:
        """A file that is there stays."""
        clock.create(path, datetime.now(UTC), 1.0)
        self.path = path
        self._clock = clock.Clock(path)

    def __call__(self) -> datetime:
        return self._clock.now()

    def pass_hours(self, hours: float) -> datetime:
        """From now on it is so much later; the instant that it is."""
        later = self() + timedelta(hours=hours)
        draft = self.path.with_suffix(".draft")
        segment = {"epoch": time.time(), "start": later.isoformat(), "speed": 1.0}
        draft.write_text(json.dumps({"segments": [segment]}))
        draft.replace(self.path)
        return later
