"""The lock of a vendor: all that is a vendor's is decided under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import Event, vendor_stream
from services.makers.domain.vendors import Vendor
from services.makers.store import vendors
from services.refusals.refusal import Refusal
from shared.clock import Clock
from shared.db import DB
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class VendorLock:
    ledger: Ledger
    clock: Clock

    def now(self) -> datetime:
        """Business time."""
        return self.clock.now()

    async def read(self, db: DB, vendor_id: UUID) -> Vendor:
        """Read without a lock. Refusal for one that is not there."""
        vendor = await vendors.find(db, vendor_id)
        if vendor is None:
            raise Refusal("unknown", "no such vendor")
        return vendor

    async def take(self, db: DB, vendor_id: UUID) -> Vendor:
        """Read again under the lock. An unknown one is not locked, since that would make its stream."""
        await self.ledger.lock(db, [vendor_stream((await self.read(db, vendor_id)).owner)])
        return await self.read(db, vendor_id)

    async def facts(self, db: DB, vendor: Vendor) -> Facts:
        """The set of a vendor whose lock is taken."""
        stream = vendor_stream(vendor.owner)
        return (await self.ledger.lock(db, [stream]))[stream.id]

    async def take_open(self, db: DB, vendor_id: UUID) -> Vendor:
        """As `take`. Refusal for one that is closed: nothing is stated of it any more."""
        vendor = await self.take(db, vendor_id)
        if vendor.state == "closed":
            raise Refusal("conflict", "not while the vendor is closed")
        return vendor

    async def save(self, db: DB, vendor: Vendor, events: Sequence[Event] = ()) -> Vendor:
        """Saved, with what was published and all that follows."""
        await vendors.save(db, vendor)
        await self.ledger.record(db, published=events, reevaluate=[vendor_stream(vendor.owner)])
        return await self.read(db, vendor.id)
