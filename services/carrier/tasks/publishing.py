"""Publishes raw scans as facts: as soon as they are stored, and later those whose label is not known yet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

import asyncpg

from contracts.base import order_stream
from services.carrier import metrics
from services.carrier.carriers.carrier import Carrier
from services.carrier.domain.scans import KnownScan, check_batch
from services.carrier.store import scans
from shared.clock import Clock
from shared.db import DB, TRANSIENT
from shared.ledger.batches import isolate_failures
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.telemetry import log

PUBLISH_TOGETHER = 500
LOOK_AGAIN_SECONDS = 0.5
"""Scans that waited for their label are found by looking, at this interval."""
POSTPONE_SECONDS = 60.0


class ScanPublisher:
    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        ledger: Ledger,
        clock: Clock,
        carriers: Mapping[str, Carrier],
        received: asyncio.Event,
    ) -> None:
        """`received` is set when there may be something new to publish."""
        self._pool = pool
        self._ledger = ledger
        self._clock = clock
        self._carriers = carriers
        self._received = received

    async def run(self, loop: Loop) -> None:
        """Until cancelled."""
        while True:
            look = not self._received.is_set()
            self._received.clear()
            if look and not await loop.attempt(partial(scans.any_to_publish, self._pool)):
                taken = 0
            else:
                taken = await loop.attempt(self.publish)
            if taken < PUBLISH_TOGETHER:
                await loop.wait_for(self._received, LOOK_AGAIN_SECONDS)

    async def publish(self) -> int:
        """Publishes scans of known parcels; how many were taken. A scan at fault holds up no other."""
        try:
            async with self._ledger.transaction() as db:
                batch = await scans.lock_to_publish(db, PUBLISH_TOGETHER)
                await self._publish(db, batch)
        except TRANSIENT:
            raise
        except Exception as error:
            log.warning("scans could not be published together", error=error)
            async with self._pool.acquire() as db:
                batch = await scans.lock_to_publish(db, PUBLISH_TOGETHER)
            by_order = sorted(batch, key=lambda scan: scan.order_id)
            await isolate_failures(by_order, self._publish_part, self._postpone)
        return len(batch)

    async def _publish_part(self, part: Sequence[KnownScan]) -> None:
        async with self._ledger.transaction() as db:
            await self._publish(db, part)

    async def _postpone(self, scan: KnownScan, error: Exception) -> None:
        """A scan that cannot be published even alone becomes a case of its order, and is tried again later."""
        log.error("a scan could not be published", order_id=str(scan.order_id), error=error)
        async with self._ledger.transaction() as db:
            await scans.postpone(db, [scan], POSTPONE_SECONDS)
            await self._ledger.undecided(db, order_stream(scan.order_id))

    async def _publish(self, db: DB, batch: Sequence[KnownScan]) -> None:
        """Scans that are not believed are marked with the reason, and not published."""
        if not batch:
            return
        sets = await self._ledger.lock(db, {order_stream(scan.order_id) for scan in batch})
        meanings = ((scan, self._carriers[scan.carrier].read(scan.code, scan.country)) for scan in batch)
        checked = check_batch(sets, meanings, self._clock.now())
        await self._ledger.publish(db, checked.believed)
        await scans.mark_processed(db, batch, checked.reasons)
        for reason in checked.set_aside.values():
            metrics.SET_ASIDE.labels(reason).inc()
