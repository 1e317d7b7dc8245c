"""The history of the issuer's keys: each stands in the log before anything that it signs."""

from __future__ import annotations

import asyncpg

from services.provenance.domain.leaves import KeyLeaf
from services.provenance.domain.signing import IssuerKey
from services.provenance.store import events, log
from shared.db import DB


async def keep_key_in_log(pool: asyncpg.Pool[asyncpg.Record], key: IssuerKey) -> None:
    """Adds the key to the log unless it stands there. SystemExit for one that was revoked."""
    async with pool.acquire() as db, db.transaction():
        await _alone(db)
        if await events.revoked(db, key.kid):
            raise SystemExit(f"ISSUER_KEY: {key.kid} was revoked; give another")
        if key.kid not in await events.valid_keys(db):
            await _add(db, KeyLeaf("added", key.kid, key.public))


async def revoke(pool: asyncpg.Pool[asyncpg.Record], kid: str) -> bool:
    """Writes that this key is revoked; False when it is not one that counts."""
    async with pool.acquire() as db, db.transaction():
        await _alone(db)
        public = (await events.valid_keys(db)).get(kid)
        if public is not None:
            await _add(db, KeyLeaf("revoked", kid, public))
        return public is not None


async def _add(db: DB, leaf: KeyLeaf) -> None:
    [entry] = await log.add_entries(db, [str(leaf).encode()])
    await events.add_key(db, entry, leaf)


async def _alone(db: DB) -> None:
    """Until the transaction ends, no other replica changes keys."""
    await db.execute("lock table issuer_keys in share row exclusive mode")
