"""The one path of every scan, from poll and call-back alike: keep it raw, then fold it into the order's facts.

Keeping is durable and fast; folding follows at once, and later for a parcel whose label is not known yet. A scan's id
is its parcel, code and minute, so that what poll and call-back both report is one fact: the first is published, and
each source's own words are kept.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal
from uuid import UUID

from contracts.carrier import ParcelScanned
from services.carrier import metrics, store
from services.carrier.carriers.carrier import Carrier, CarrierEvent, Reading
from services.carrier.domain.windows import Aside, sift
from services.carrier.store import Callback, KnownScan, RawScan
from shared import failpoints, tracing
from shared.db import DB, TRANSIENT
from shared.loop import Loop
from shared.platform import Platform
from shared.sealing import Seal
from shared.telemetry import log

FOLD_TOGETHER = 500
KEEP_TOGETHER = 200
LOOK_AGAIN_SECONDS = 0.5
"""Scans that waited for their label are found by looking, at this interval."""
PUT_OFF_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Days, in real time."""

    raw_scans: int
    callbacks: int
    """Longer than the 76 hours over which a sender may repeat a call-back."""


def sealed_scan(carrier: str, source: Literal["poll", "webhook"], event: CarrierEvent, seal: Seal) -> RawScan:
    """A carrier's event as it is kept. One event has one digest, however often and beside whatever it is reported."""
    digest = hashlib.sha256(event.raw).digest()
    return RawScan(
        carrier=carrier,
        tracking_number=event.tracking_number,
        source=source,
        digest=digest,
        sealed=seal.seal(event.raw, f"scan:{event.tracking_number}:{digest.hex()}"),
        code=event.code,
        scanned_at=event.at,
        utc_offset_minutes=event.utc_offset_minutes,
        country=event.country,
    )


def _without_words(scans: Sequence[RawScan], erased: Collection[str]) -> list[RawScan]:
    """Of an erased person's parcel the scan counts, but what the carrier wrote is not kept."""
    return [replace(scan, sealed=None) if scan.tracking_number in erased else scan for scan in scans]


def scan_fact(known: KnownScan, reading: Reading) -> ParcelScanned:
    """The scan as we read it. It happened when the carrier says it did, whenever we heard of it."""
    return ParcelScanned(
        order_id=known.order_id,
        occurred_at=known.scanned_at,
        parcel=known.parcel,
        tracking_number=known.tracking_number,
        code=known.code,
        status=reading.status,
        sets=reading.sets,
        clears=reading.clears,
        scanned_at=known.scanned_at,
        utc_offset_minutes=known.utc_offset_minutes,
        country=known.country,
    )


class Scans:
    """Keeps and folds. Call-backs that arrive together are kept in one transaction."""

    def __init__(self, platform: Platform, carriers: Mapping[str, Carrier], retention: Retention) -> None:
        self._platform = platform
        self._carriers = carriers
        self._retention = retention
        self._kept = asyncio.Event()
        self._arrived: list[tuple[Callback, Sequence[RawScan], asyncio.Future[bool]]] = []
        self._keeper: asyncio.Task[None] | None = None

    async def keep_polled(self, carrier: str, events: Sequence[CarrierEvent]) -> None:
        """Durable when it returns."""
        scans = [sealed_scan(carrier, "poll", event, self._platform.seal) for event in events]
        async with self._platform.pool.acquire() as db, db.transaction():
            gone = await store.erased(db, [scan.tracking_number for scan in scans])
            new = await store.save_raw(db, _without_words(scans, gone), self._retention.raw_scans)
        if new:
            self._kept.set()

    async def keep_callback(
        self, carrier: str, webhook_id: str, tracking_number: str, body: bytes, events: Sequence[CarrierEvent]
    ) -> bool:
        """Durable when it returns; False when this call-back was known already."""
        callback = Callback(webhook_id, tracking_number, self._platform.seal.seal(body, f"callback:{webhook_id}"))
        scans = [sealed_scan(carrier, "webhook", event, self._platform.seal) for event in events]
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._arrived.append((callback, scans, stored))
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_arrived())
        new = await stored
        if tracing.on() and (order_id := await store.order_of(self._platform.pool, tracking_number)):
            await tracing.mention(self._platform.pool, order_id, "call-back")
        return new

    async def _keep_arrived(self) -> None:
        """Stores what has arrived while the last were being stored."""
        while self._arrived:
            batch, self._arrived = self._arrived[:KEEP_TOGETHER], self._arrived[KEEP_TOGETHER:]
            try:
                async with self._platform.pool.acquire() as db, db.transaction():
                    new = await self._store(db, batch)
                    failpoints.reach("callback.worked")
                failpoints.reach("callback.committed")
            except Exception as error:
                for _, _, stored in batch:
                    if not stored.done():
                        stored.set_exception(error)
                continue
            for callback, _, stored in batch:
                if not stored.done():
                    stored.set_result(callback.webhook_id in new)
            self._kept.set()

    async def _store(self, db: DB, batch: Sequence[tuple[Callback, Sequence[RawScan], object]]) -> set[str]:
        gone = await store.erased(db, [callback.tracking_number for callback, _, _ in batch])
        callbacks = [
            replace(callback, sealed_body=None) if callback.tracking_number in gone else callback
            for callback, _, _ in batch
        ]
        new = await store.save_callbacks(db, callbacks, self._retention.callbacks)
        scans = [scan for callback, scans, _ in batch if callback.webhook_id in new for scan in scans]
        await store.save_raw(db, _without_words(scans, gone), self._retention.raw_scans)
        return new

    async def fold_forever(self, loop: Loop) -> None:
        """Publishes what is kept, as soon as it is kept, until cancelled."""
        while True:
            loop.tick()
            self._kept.clear()
            try:
                folded = await self.fold()
            except TRANSIENT as error:
                await loop.back_off(error)
                continue
            loop.healthy()
            if folded < FOLD_TOGETHER:
                try:
                    async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                        await self._kept.wait()
                except TimeoutError:
                    continue

    async def fold(self) -> int:
        """Publishes kept scans of known parcels; how many were taken. One order's fault holds up no other."""
        async with self._platform.pool.acquire() as db:
            if not await store.has_known_unfolded(db):
                return 0
        try:
            async with self._platform.ledger.transaction() as db:
                known = await store.known_unfolded(db, FOLD_TOGETHER)
                await self._publish(db, known)
            return len(known)
        except TRANSIENT:
            raise
        except Exception as error:
            log.warning("scans could not be folded together", error=error)
            return await self._fold_alone()

    async def _fold_alone(self) -> int:
        """The same, each order by itself, and of an order at fault each scan by itself. A scan that still cannot be
        folded is put off, and its order becomes a case."""
        async with self._platform.ledger.transaction() as db:
            known = await store.known_unfolded(db, FOLD_TOGETHER)
        for order_id, scans in groupby(sorted(known, key=lambda scan: scan.order_id), key=lambda scan: scan.order_id):
            own = list(scans)
            if await self._fault(own) is None:
                continue
            faults = [(scan, fault) for scan in own if (fault := await self._fault([scan])) is not None]
            if faults:
                log.error("scans could not be folded", order_id=str(order_id), error=faults[0][1])
                async with self._platform.ledger.transaction() as db:
                    await store.put_off(db, [scan for scan, _ in faults], PUT_OFF_SECONDS)
                    await self._platform.ledger.undecided(db, order_id)
        return len(known)

    async def _fault(self, scans: Sequence[KnownScan]) -> Exception | None:
        """Publishes these scans; why they cannot be, if so."""
        try:
            async with self._platform.ledger.transaction() as db:
                await self._publish(db, scans)
        except TRANSIENT:
            raise
        except Exception as error:
            return error
        return None

    async def _publish(self, db: DB, known: Sequence[KnownScan]) -> None:
        """Scans that are not believed are marked with the reason, and published to nobody."""
        if not known:
            return
        sets = await self._platform.ledger.lock(db, {scan.order_id for scan in known})
        told: dict[UUID, dict[UUID, ParcelScanned]] = defaultdict(dict)
        ids: dict[UUID, list[KnownScan]] = defaultdict(list)
        for scan in known:
            fact = scan_fact(scan, self._read(scan))
            told[scan.order_id].setdefault(fact.id, fact)
            ids[fact.id].append(scan)
        now, believed, aside = self._platform.clock.now(), list[ParcelScanned](), dict[UUID, Aside]()
        for order_id, facts in told.items():
            sound, doubted = sift(sets[order_id], facts.values(), now)
            believed += sound
            aside |= {fact.id: reason for fact, reason in doubted}
        await self._platform.ledger.publish(db, believed)
        await store.mark_folded(db, known, {one: reason for id_, reason in aside.items() for one in ids[id_]})
        for reason in aside.values():
            metrics.SET_ASIDE.labels(reason).inc()

    def _read(self, scan: KnownScan) -> Reading:
        return self._carriers[scan.carrier].read(scan.code, scan.country)
