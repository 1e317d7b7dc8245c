"""One fault under way, and how long the system may take to recover from each kind of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sandbox.demo.orders import DemoOrders
from tests.support.faults.proxied_stack import LEASE_SECONDS
from tests.support.faults.report import Row

KILL_SECONDS = BROKER_SECONDS = DATABASE_SECONDS = 10.0
"""Within which the system has recovered from the death of a process, from a broker or a database that was away."""
FROZEN_SECONDS = 20.0
"""Within which another replica has taken over from one that froze: PostgreSQL ends its transaction after 15 s."""
JOB_SECONDS = LEASE_SECONDS + 5.0
"""Within which a job is claimed again whose process was killed: its lease must end first."""
BOUND_SECONDS = 20.0
"""For all other faults."""


@dataclass
class Injection:
    """One fault under way."""

    row: Row
    orders: DemoOrders
    ended: float = 0.0
    measured: bool = False
    """Its own recovery was measured; else it shares that of the whole stack."""

    def happened(self, times: int = 1) -> None:
        """The fault was injected now."""
        self.row.injections += times
        self.row.in_flight.append(len(self.orders.open()))

    def over(self) -> None:
        """The fault is over from now on; without this call, at the end of its block."""
        self.ended = time.monotonic()

    def recovered(self, recovered_at: float) -> None:
        """When (monotonic) the system had recovered from it."""
        self.measured = True
        self.row.recovered(max(0.0, recovered_at - self.ended))

    def note(self, words: str) -> None:
        self.row.notes.append(words)
