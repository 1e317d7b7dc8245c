"""What `customs` measures beyond the platform: for how long China's customs rate is known, in business time."""

from __future__ import annotations

from prometheus_client import Gauge

from services.customs.domain.decide import Policy
from services.customs.regimes.rates import days_left
from shared.clock import Clock

EVERY_SECONDS = 60.0

RATE_DAYS_LEFT = Gauge("customs_rate_days_left", "days for which the customs rate of the month is known, from today")


async def measure(policy: Policy, clock: Clock) -> None:
    day = policy.imports[policy.default_regime].day(clock.now())
    RATE_DAYS_LEFT.set(days_left(policy.tables.cny_per_eur, day))
