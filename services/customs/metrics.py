"""What `customs` measures beyond the platform: for how long China's customs rate is known, in business time, and what
becomes of the receipts that are polled."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from services.customs.domain.decide import InForce
from services.customs.regimes.rates import days_left
from shared.clock import Clock

EVERY_SECONDS = 60.0

OUTCOMES = ("recorded", "repeated", "unmatched", "unreadable", "unknown_status")
RECEIPTS = Counter(
    "customs_receipts",
    "answers of import customs by what became of them: recorded, repeated, of no message of ours, unreadable, or of a"
    " status that we do not know",
    ["outcome"],
)
for _outcome in OUTCOMES:
    RECEIPTS.labels(_outcome)
FAILED_POLLS = Gauge(
    "customs_receipt_polls_failed", "polls of receipts that have failed, one after the other, since one that did not"
)
RATE_DAYS_LEFT = Gauge("customs_rate_days_left", "days for which the customs rate of the month is known, from today")


RULES_REFUSED = Gauge(
    "customs_rules_refused", "1 while the release of rules that is mounted is refused, and the one before it holds on"
)
RULES_IN_FORCE = Gauge("customs_rules_in_force", "1 of the set of rules by which this replica decides", ["release"])


async def measure(in_force: InForce, clock: Clock) -> None:
    policy = in_force()
    day = policy.imports[policy.default_regime].day(clock.now())
    RATE_DAYS_LEFT.set(days_left(policy.tables.cny_per_eur, day))
