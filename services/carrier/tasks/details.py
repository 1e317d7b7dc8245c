"""Publishes what carriers report of parcels beside their scans."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import asyncpg

from contracts.base import order_stream
from services.carrier import metrics
from services.carrier.domain.details import KnownDetails, believed, details_facts
from services.carrier.store import details
from shared.clock import Clock
from shared.ledger.batches import isolate_failures
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.telemetry import log

PUBLISH_TOGETHER = 200
LOOK_AGAIN_SECONDS = 2.0
"""Details that waited for their label are found by looking, at this interval."""
POSTPONE_SECONDS = 60.0


class DetailsPublisher:
    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, clock: Clock, received: asyncio.Event
    ) -> None:
        """`received` is set when there may be something new to publish."""
        self._pool = pool
        self._ledger = ledger
        self._clock = clock
        self._received = received

    async def run(self, loop: Loop) -> None:
        """Until cancelled."""
        while True:
            self._received.clear()
            taken = 0
            if await loop.attempt(partial(details.any_to_publish, self._pool)):
                taken = await loop.attempt(self.publish)
            if taken < PUBLISH_TOGETHER:
                await loop.wait_for(self._received, LOOK_AGAIN_SECONDS)

    async def publish(self) -> int:
        """Publishes details of known parcels; how many were taken. One at fault holds up no other."""
        async with self._pool.acquire() as db, db.transaction():
            batch = await details.lock_to_publish(db, PUBLISH_TOGETHER)
        await isolate_failures(batch, self._publish, self._postpone)
        return len(batch)

    async def _publish(self, reports: Sequence[KnownDetails]) -> None:
        if not reports:
            return
        async with self._ledger.transaction() as db:
            sets = await self._ledger.lock(db, {order_stream(report.order_id) for report in reports})
            # Again under the locks: another replica may have published what came since.
            current = await details.lock_to_publish(db, len(reports), reports)
            now = self._clock.now()
            believed_reports = [believed(sets[report.order_id], report, now) for report in current]
            await self._ledger.publish(db, details_facts(sets, believed_reports, now))
            await details.mark_processed(db, current)
        for report, kept in zip(current, believed_reports, strict=True):
            if kept is not report:
                metrics.SET_ASIDE.labels(metrics.EXPECTED_DAY).inc()
                log.warning("expected day is not believed", order_id=str(report.order_id), parcel=report.parcel)

    async def _postpone(self, report: KnownDetails, error: Exception) -> None:
        log.error("details of a parcel could not be published", order_id=str(report.order_id), error=error)
        async with self._pool.acquire() as db:
            await details.postpone(db, report, POSTPONE_SECONDS)
