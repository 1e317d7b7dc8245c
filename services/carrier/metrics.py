"""What the carrier service measures beyond the platform: call-backs, transit times, labels that should not exist."""

from __future__ import annotations

import asyncpg
from prometheus_client import Counter, Gauge, Histogram

from contracts.base import Event
from contracts.carrier import ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned
from contracts.warehouse import ParcelHandedOver
from services.carrier import store
from services.carrier.carriers.laposte.codes import COLISSIMO, OKAPI
from services.carrier.domain.windows import REASONS
from shared.ledger.facts import Facts

EVERY_SECONDS = 30.0
DAY = 86_400.0

CALL_BACKS = Counter(
    "carrier_callbacks",
    "call-backs by what became of them: kept, repeated, unreadable, or the header for which they were refused",
    ["outcome"],
)
for _outcome in ("kept", "repeated", "unreadable", "webhook-id", "webhook-timestamp", "webhook-signature"):
    CALL_BACKS.labels(_outcome)
TRANSIT = Histogram(
    "carrier_parcel_transit_seconds",
    "from hand-over to a parcel's end, business time",
    ["outcome"],
    buckets=[days * DAY for days in (3, 5, 7, 9, 11, 14, 18, 22, 28, 35, 45, 60)],
)
GHOSTS = Gauge("carrier_ghost_labels", "labels that may exist at the carrier without our knowing their number")
UNUSED_SCANNED = Gauge("carrier_unused_labels_scanned", "labels that were never shown and yet travel: should be none")
UNFOLDED_AGE = Gauge("carrier_scans_oldest_unpublished_age_seconds", "of a scan whose parcel is known; real time")

SET_ASIDE = Counter("carrier_scans_set_aside", "scans that are not believed: kept, and published to nobody", ["reason"])
for _reason in REASONS:
    SET_ASIDE.labels(_reason)

ANNOUNCING = [code for code, reading in (OKAPI | COLISSIMO).items() if reading.status == "announced"]
_ENDS = {
    ParcelDelivered: "delivered",
    ParcelReturned: "returned",
    ParcelLost: "lost",
    ParcelDestroyed: "destroyed",
}


def observe(facts: Facts, event: Event) -> None:
    """Times a parcel that has come to its end."""
    if (outcome := _ENDS.get(type(event))) is None:
        return
    handed_over = facts.get(ParcelHandedOver, event.subject)
    if handed_over is not None:
        TRANSIT.labels(outcome).observe((event.occurred_at - handed_over.occurred_at).total_seconds())


async def measure(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    async with pool.acquire() as db:
        counted = await store.count_doubtful(db, ANNOUNCING)
    GHOSTS.set(counted.ghosts)
    UNUSED_SCANNED.set(counted.unused_scanned)
    UNFOLDED_AGE.set(counted.oldest_unfolded_seconds)
