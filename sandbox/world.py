"""The state of the simulated external systems, in memory, and their business time."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from sandbox.china_customs.customs import ChinaCustoms
from sandbox.ems.post import EmsPost
from sandbox.france_customs.customs import FranceCustoms
from sandbox.laposte.parcels import LaPoste
from sandbox.scenarios import AssignedScenarios
from sandbox.scheduler import Scheduler

FIRST_SERIALS = range(10_000_000, 60_000_000)
"""The first serial is drawn from these, so that two worlds hardly ever give out the same numbers."""


class World:
    """Every counterpart's state. Call `advance` before reading it: what is due by now happens only then."""

    def __init__(self, now: Callable[[], datetime], expects: Iterable[str], ems_directory: Path | None = None) -> None:
        """`now` is business time, `expects` the messages that must precede an inventory in China, `ems_directory` where
        the EMS post writes its files."""
        serial = secrets.choice(FIRST_SERIALS)
        self._now = now
        self._scheduler = Scheduler()
        self.scenarios = AssignedScenarios()
        self.china_customs = ChinaCustoms(self._scheduler, self.scenarios, expects)
        self.france_customs = FranceCustoms(self.scenarios, serial)
        self.laposte = LaPoste(self._scheduler, self.scenarios, self.china_customs, serial)
        self.ems = EmsPost(self._scheduler, ems_directory)
        self.requests: Counter[tuple[str, str]] = Counter()
        """What the counterparts answered, and how often: (counterpart, status or fault)."""

    def advance(self) -> datetime:
        """Runs everything that is due by now; returns the business instant."""
        now = self._now()
        self._scheduler.run_until(now)
        self.ems.write(now)
        return now
