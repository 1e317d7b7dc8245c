"""The one path of every scan into the database, from poll and call-back alike: sealed, durable, kept as it came."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from contextvars import Context
from dataclasses import dataclass, field, replace

import asyncpg

from contracts.base import order_stream
from services.carrier.domain.carrier import CarrierEvent, ParcelEvents
from services.carrier.domain.feeds import FeedFile
from services.carrier.domain.scans import turns
from services.carrier.store import callbacks, details, feed_files, labels, scans
from services.carrier.store.callbacks import Callback
from services.carrier.store.details import ReportedDetails
from services.carrier.store.feed_files import FileVersion
from services.carrier.store.numbers import Number
from services.carrier.store.scans import RawScan, Source
from shared import failpoints, tracing
from shared.ledger.batches import isolate_failures
from shared.sealing import Seal


@dataclass(frozen=True, slots=True)
class Retention:
    """Days, in real time."""

    raw_scans: int
    callbacks: int
    """Longer than the 76 hours over which a sender may repeat a call-back."""


KEEP_TOGETHER = 200
"""Call-backs in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class CallbackPart:
    """What a call-back holds of one parcel."""

    body: bytes
    """As it came, or of one that is about several parcels what is about this one."""
    reported: ParcelEvents


@dataclass(frozen=True, slots=True, eq=False)
class ReceivedCallback:
    callbacks: Sequence[Callback]
    """Of each parcel that it is about, a part: the first has the id of the whole."""
    scans: Sequence[RawScan]
    details: Sequence[ReportedDetails]
    stored: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Whether it was new, once that is durable."""


def sealed_scans(carrier: str, source: Source, answer: Sequence[CarrierEvent], seal: Seal) -> list[RawScan]:
    """What a carrier reports in one answer, as it is stored."""
    return [_sealed(carrier, source, event, turn, seal) for event, turn in zip(answer, turns(answer), strict=True)]


def _sealed(carrier: str, source: Source, event: CarrierEvent, turn: int, seal: Seal) -> RawScan:
    """One event has one digest, however often and beside whatever it is reported."""
    digest = hashlib.sha256(event.raw).digest()
    return RawScan(
        carrier=carrier,
        tracking_number=event.tracking_number,
        source=source,
        digest=digest,
        sealed=seal.seal(event.raw, scans.sealing_place(carrier, event.tracking_number, digest)),
        code=event.code,
        scanned_at=event.scanned_at,
        utc_offset_minutes=event.utc_offset_minutes,
        country=event.country,
        city=event.city,
        turn=turn,
    )


class ScanIntake:
    """Stores polled events and call-backs. Call-backs that arrive together are stored in one transaction."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], seal: Seal, retention: Retention) -> None:
        self._pool = pool
        self._seal = seal
        self._retention = retention
        self._arrived: list[ReceivedCallback] = []
        self._keeper: asyncio.Task[None] | None = None
        self.received = asyncio.Event()
        """Set when there may be a new scan to publish."""
        self.details_received = asyncio.Event()
        """Set when there may be new details to publish."""

    async def keep_polled(self, carrier: str, reported: Sequence[ParcelEvents]) -> None:
        """Durable when it returns."""
        events = [event for parcel in reported for event in parcel.events]
        calls = {parcel.tracking_number: parcel.request_id for parcel in reported}
        raw = [
            replace(scan, request_id=calls.get(scan.tracking_number))
            for scan in sealed_scans(carrier, "poll", events, self._seal)
        ]
        async with self._pool.acquire() as db, db.transaction():
            erased = await labels.erased_numbers(db, [(scan.carrier, scan.tracking_number) for scan in raw])
            raw = await scans.settled(db, _without_words(raw, erased))
            new = await scans.save(db, raw, self._retention.raw_scans)
            has_new_details = await details.save(db, _with_details(carrier, reported), self._retention.raw_scans)
        if new:
            self.received.set()
        if has_new_details:
            self.details_received.set()

    async def keep_file(self, file: FileVersion, digest: bytes, read: FeedFile) -> bool:
        """Durable when it returns; False when there was nothing to keep: this file was known already."""
        raw = await asyncio.to_thread(sealed_scans, file.carrier, "feed", read.events, self._seal)
        async with self._pool.acquire() as db, db.transaction():
            if not await feed_files.take(db, file, digest, read.records, read.faulty):
                return False
            erased = await labels.erased_numbers(db, [(scan.carrier, scan.tracking_number) for scan in raw])
            raw = await scans.settled(db, _without_words(raw, erased))
            new = await scans.save(db, raw, self._retention.raw_scans)
        if new:
            self.received.set()
        return True

    async def keep_callback(self, carrier: str, webhook_id: str, parts: Sequence[CallbackPart]) -> bool:
        """Durable when it returns; False when this call-back was known already."""
        kept = [self._sealed_part(carrier, webhook_id, n, part) for n, part in enumerate(parts)]
        raw = sealed_scans(carrier, "webhook", [event for part in parts for event in part.reported.events], self._seal)
        received = ReceivedCallback(kept, raw, _with_details(carrier, [part.reported for part in parts]))
        self._arrived.append(received)
        if self._keeper is None or self._keeper.done():
            # In a new context: a group does not belong to the trace of one request.
            self._keeper = asyncio.create_task(self._keep_arrived(), context=Context())
        new = await received.stored
        if tracing.on():
            for part in parts:
                if order_id := await labels.order_of(self._pool, carrier, part.reported.tracking_number):
                    await tracing.mention(self._pool, order_stream(order_id), "call-back")
        return new

    def _sealed_part(self, carrier: str, webhook_id: str, number: int, part: CallbackPart) -> Callback:
        """No sender's id holds a `#`."""
        part_id = f"{webhook_id}#{number}" if number else webhook_id
        sealed = self._seal.seal(part.body, callbacks.sealing_place(carrier, part_id))
        return Callback(carrier, part_id, part.reported.tracking_number, sealed)

    async def _keep_arrived(self) -> None:
        """Stores what has arrived while the last were being stored; one that cannot be stored fails alone."""
        while self._arrived:
            group, self._arrived = self._arrived[:KEEP_TOGETHER], self._arrived[KEEP_TOGETHER:]
            try:
                await isolate_failures(group, self._store, _fail)
            except Exception as error:
                for received in group:
                    await _fail(received, error)

    async def _store(self, group: Sequence[ReceivedCallback]) -> None:
        async with self._pool.acquire() as db, db.transaction():
            arrived = [callback for received in group for callback in received.callbacks]
            erased = await labels.erased_numbers(db, [(part.carrier, part.tracking_number) for part in arrived])
            kept = [_without_body(callback, erased) for callback in arrived]
            new = await callbacks.save(db, kept, self._retention.callbacks)
            raw = [
                scan for received in group if _id(received) in new for scan in await scans.settled(db, received.scans)
            ]
            await scans.save(db, _without_words(raw, erased), self._retention.raw_scans)
            fresh = [reported for received in group if _id(received) in new for reported in received.details]
            has_new_details = await details.save(db, fresh, self._retention.raw_scans)
            failpoints.reach("callback.worked")
        failpoints.reach("callback.committed")
        for received in group:
            if not received.stored.done():
                received.stored.set_result(_id(received) in new)
        self.received.set()
        if has_new_details:
            self.details_received.set()


def _with_details(carrier: str, reported: Sequence[ParcelEvents]) -> list[ReportedDetails]:
    return [(carrier, parcel.tracking_number, parcel.details) for parcel in reported if parcel.details is not None]


async def _fail(received: ReceivedCallback, error: Exception) -> None:
    if not received.stored.done():
        received.stored.set_exception(error)


def _id(received: ReceivedCallback) -> tuple[str, str]:
    first = received.callbacks[0]
    return first.carrier, first.webhook_id


def _without_body(callback: Callback, erased: Collection[Number]) -> Callback:
    return replace(callback, sealed_body=None) if (callback.carrier, callback.tracking_number) in erased else callback


def _without_words(raw: Sequence[RawScan], erased: Collection[Number]) -> list[RawScan]:
    """Of an erased person's parcel the scan counts, but neither the carrier's own words nor a city is stored."""
    return [
        replace(scan, sealed=None, city=None) if (scan.carrier, scan.tracking_number) in erased else scan
        for scan in raw
    ]
