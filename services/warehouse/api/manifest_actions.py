"""What people do with a manifest, under its lock and those of the orders concerned. The rules are in
`domain.manifests`; each raises Refusal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID, uuid4

from contracts.base import manifest_stream, order_stream
from contracts.carrier import LabelCreated
from contracts.warehouse import ManifestClosed
from services.refusals.refusal import Refusal
from services.warehouse.domain.manifests import (
    MOST_OPEN,
    Manifest,
    close,
    scan_off,
    scan_on,
)
from services.warehouse.store import manifests
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.ledger.ledger import Ledger

SAME_NUMBER = 10
"""Parcels of different carriers that may have the same tracking number."""


@dataclass(frozen=True, slots=True)
class ManifestActions:
    ledger: Ledger
    clock: Clock

    async def open(self, db: DB, carrier: str) -> Manifest:
        if await manifests.count_open(db) >= MOST_OPEN:
            raise Refusal("conflict", "too many manifests are open", detail=f"at most {MOST_OPEN}; close or drop one")
        manifest = Manifest(uuid4(), carrier, self.clock.now(), None, 0)
        await manifests.open_manifest(db, manifest)
        return manifest

    async def scan_on(self, db: DB, manifest_id: UUID, scanned: str) -> Manifest:
        """The same parcel again changes nothing."""
        manifest = await self._locked(db, manifest_id)
        parcels = await manifests.parcels_of_number(db, scanned, SAME_NUMBER)
        sets = await self.ledger.lock(db, {order_stream(order_id) for order_id, _ in parcels})
        labels = [label for order, parcel in parcels if (label := sets[order].get(LabelCreated, parcel)) is not None]
        label = next(
            (candidate for candidate in labels if candidate.carrier == manifest.carrier), next(iter(labels), None)
        )
        if label is None:
            fault = Fault("tracking_number", "label_of_parcel", "no parcel here has this label")
            raise Refusal("invalid", "unknown label", faults=[fault])
        on = await manifests.manifest_of(db, label.order_id, label.parcel)
        if on == manifest_id:
            return manifest
        entry = scan_on(sets[label.order_id], label.parcel, scanned, manifest, self.clock.now())
        if on is not None:
            raise Refusal("conflict", "the parcel is on another manifest", detail=f"take it off manifest {on} first")
        await manifests.put_on(db, manifest_id, entry)
        return await self._found(db, manifest_id)

    async def scan_off(self, db: DB, manifest_id: UUID, scanned: str) -> Manifest:
        """A parcel that is not on it changes nothing."""
        scan_off(await self._locked(db, manifest_id))
        await manifests.take_off(db, manifest_id, scanned)
        return await self._found(db, manifest_id)

    async def discard(self, db: DB, manifest_id: UUID) -> None:
        scan_off(await self._locked(db, manifest_id))
        await manifests.discard(db, manifest_id)

    async def close(self, db: DB, manifest_id: UUID, without: Collection[str]) -> Manifest:
        """One that is closed stays as it is."""
        manifest = await self._locked(db, manifest_id)
        if manifest.state == "closed":
            return manifest
        scanned = await manifests.scanned_parcels(db, manifest_id)
        orders = await self.ledger.lock(db, {order_stream(entry.order_id) for entry in scanned})
        closing = close(manifest, scanned, orders, without, self.clock.now())
        await self.ledger.publish(db, [closing.closed, *closing.handed_over])
        return await self._found(db, manifest_id)

    async def _locked(self, db: DB, manifest_id: UUID) -> Manifest:
        """Read again under the lock. An unknown one is not locked, since that would make its stream. Of a database that
        was restored the facts may say already that it is closed."""
        await self._found(db, manifest_id)
        facts = (await self.ledger.lock(db, [manifest_stream(manifest_id)]))[manifest_stream(manifest_id).id]
        await manifests.save_closed(db, facts.all(ManifestClosed))
        return await self._found(db, manifest_id)

    async def _found(self, db: DB, manifest_id: UUID) -> Manifest:
        manifest = await manifests.find(db, manifest_id)
        if manifest is None:
            raise Refusal("unknown", "no such manifest")
        return manifest
