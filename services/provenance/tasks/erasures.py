"""Units that were erased stay so: what a restored database brings back of them is erased again before the service is
ready. Markers of erasures stay on a topic for as long as a backup may be old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from contracts.provenance import UnitErasureMarker
from contracts.warehouse import UnitKey
from services.markers import BATCH, read_batches
from services.provenance.domain.erasures import KEPT, digest, digests, made_by
from services.provenance.store import erasures as store
from shared.clock import Clock
from shared.loop import Loop
from shared.messaging.partition_log import LogProbe
from shared.sealing import key_id_of
from shared.telemetry import log


@dataclass(frozen=True, slots=True)
class UnitErasures:
    pool: asyncpg.Pool[asyncpg.Record]
    keys: Mapping[bytes, bytes]
    """Those of hidden codes, by their prefixes."""
    clock: Clock

    async def erase(self, unit: UnitKey) -> int:
        """Forgets what the unit's leaves stand for, and all that is known beside; how many events they were."""
        async with self.pool.acquire() as db, db.transaction():
            await store.mark(db, digest(unit, self.keys), self.clock.now())
            return await store.erase(db, unit)

    async def erase_marked(self, probe: LogProbe, loop: Loop) -> None:
        """Reads all markers, and carries out the erasures that this database does not know. Raises KafkaError,
        UnreadableBatch, TRANSIENT."""
        now = self.clock.now()
        async for markers in read_batches(probe, store.TOPIC, UnitErasureMarker, lambda marker: marker.unit, loop):
            marked: dict[bytes, datetime] = {}
            for marker in markers:
                unit, erased_at = bytes.fromhex(marker.unit), min(marker.erased_at, now)
                if not made_by(unit, self.keys):
                    log.error("an erased unit cannot be named: HIDDEN_CODE_KEY lacks its key", key_id=key_id_of(unit))
                elif erased_at >= now - KEPT:
                    marked[unit] = max(erased_at, marked.get(unit, erased_at))
            await self._take(marked)
        if again := await self._carry_out(loop):
            log.warning("units were erased again: was the database restored?", units=again)

    async def _take(self, marked: Mapping[bytes, datetime]) -> None:
        async with self.pool.acquire() as db, db.transaction():
            await store.take(db, marked)

    async def _carry_out(self, loop: Loop) -> int:
        """What waits; of how many units something was here. Which units are meant shows only a hash of each: all are
        looked through, after a restore and never else."""
        async with self.pool.acquire() as db:
            pending = await store.pending(db)
        if not pending:
            return 0
        erased, after = 0, None
        while units := await self._units_after(after):
            loop.tick()
            for unit in units:
                if not pending.isdisjoint(digests(unit, self.keys)):
                    async with self.pool.acquire() as db, db.transaction():
                        erased += bool(await store.erase(db, unit))
            after = units[-1]
        async with self.pool.acquire() as db:
            await store.carried_out(db, pending)
        return erased

    async def _units_after(self, after: UnitKey | None) -> list[UnitKey]:
        async with self.pool.acquire() as db:
            return await store.units_after(db, after, BATCH)
