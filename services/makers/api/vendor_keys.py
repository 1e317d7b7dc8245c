"""Vendors' keys: made here, and published to the other services.

A request publishes a key in the transaction that changes it. A task publishes what no request has changed: keys from
before, and those that an operator's command made or ended.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from contracts.base import vendor_key_stream
from services.makers.domain.facts import key_facts
from services.makers.store import published_keys
from services.vendor_keys import VENDOR_SCOPE, key_name, vendor_of_name
from shared.clock import Clock
from shared.db import DB
from shared.ledger.ledger import Ledger
from shared.operations.api_keys import hashed_keys
from shared.operations.provision import keep_api_key

AT_ONCE = 100
"""Keys that are published in one transaction."""
LOOKED_BACK = timedelta(days=30)
"""Real time in which a key has ended whose end the task publishes."""
DAY = timedelta(days=1)


async def make_key(db: DB, vendor_id: UUID) -> str:
    """256 bits drawn at random, of which only the SHA-256 is stored."""
    key = secrets.token_urlsafe(32)
    await keep_api_key(db, key=key, name=key_name(vendor_id), scope=VENDOR_SCOPE)
    return key


@dataclass(frozen=True, slots=True)
class KeyPublishing:
    ledger: Ledger
    clock: Clock

    async def publish(self, db: DB, vendor_id: UUID | None = None) -> int:
        """Publishes what was not published yet of the keys of this vendor, or of all, of `AT_ONCE` at most; how many
        they were. It locks the keys' streams, so it comes last in a transaction, once."""
        keys = (
            await hashed_keys(db, VENDOR_SCOPE, DAY, key_name(vendor_id))
            if vendor_id
            else await hashed_keys(db, VENDOR_SCOPE, LOOKED_BACK)
        )
        published = await published_keys.find(db, [key.hash for key in keys])
        changed = [key for key in keys if key.hash not in published or published[key.hash] != key.not_after][:AT_ONCE]
        of_vendors = [(key, vendor) for key in changed if (vendor := vendor_of_name(key.name)) is not None]
        sets = await self.ledger.lock(db, [vendor_key_stream(key.hash.hex()) for key, _ in of_vendors])
        events = [
            event
            for key, vendor in of_vendors
            for event in key_facts(
                sets[vendor_key_stream(key.hash.hex()).id], vendor, key.hash.hex(), key.not_after, self.clock.now()
            )
        ]
        await self.ledger.publish(db, events)
        await published_keys.save(db, changed)
        return len(changed)
