"""The history of the issuer's keys: each is in the log before anything that it signs."""

from __future__ import annotations

from services.provenance.domain.leaves import KeyLeaf
from services.provenance.domain.signing import IssuerKey
from services.provenance.store import events
from services.provenance.store import log as store
from services.provenance.tasks.log import Log
from shared.db import DB


async def keep_key_in_log(log: Log, key: IssuerKey) -> None:
    """Adds the key to the log, which has begun, unless it is valid there. SystemExit for one that was revoked."""
    async with log.pool.acquire() as db, db.transaction():
        await _alone(db)
        if await events.revoked(db, key.kid):
            raise SystemExit(f"ISSUER_KEY: {key.kid} was revoked; give another")
        if key.kid not in await events.valid_keys(db, log.id):
            await _add(db, log, KeyLeaf("added", key.kid, key.public))


async def revoke(log: Log, kid: str) -> bool:
    """Writes into the log, which has begun, that this key is revoked; False when it is not valid there."""
    async with log.pool.acquire() as db, db.transaction():
        await _alone(db)
        public = (await events.valid_keys(db, log.id)).get(kid)
        if public is not None:
            await _add(db, log, KeyLeaf("revoked", kid, public))
        return public is not None


async def _add(db: DB, log: Log, leaf: KeyLeaf) -> None:
    [entry] = await store.add_entries(db, [str(leaf).encode()])
    await events.add_key(db, log.id, entry, leaf)


async def _alone(db: DB) -> None:
    """Until the transaction ends, no other replica changes keys."""
    await db.execute("lock table issuer_keys in share row exclusive mode")
