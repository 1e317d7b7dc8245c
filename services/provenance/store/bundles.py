"""A unit's bundle, put together from what is stored."""

from __future__ import annotations

import asyncpg

from contracts.warehouse import UnitKey
from services.provenance.domain.bundles import LoggedEvent, LoggedKey, write_bundle
from services.provenance.domain.epcis import Place
from services.provenance.domain.log.proofs import LogProof
from services.provenance.domain.log.tiles import inclusion_ranges, places_of, prove
from services.provenance.store import events, log
from services.provenance.store.log import StoredCheckpoint


async def bundle_of(
    pool: asyncpg.Pool[asyncpg.Record], log_id: int, checkpoint: StoredCheckpoint, place: Place, unit: UnitKey
) -> bytes | None:
    """Under this checkpoint of this log; None when it has nothing of the unit. Raises TooLarge."""
    logged = await events.of_unit(pool, unit, log_id, checkpoint.size)
    if not logged:
        return None
    keys = await events.keys(pool, log_id, checkpoint.size)
    indexes = {*(event.index for event in logged), *(key.index for key in keys)}
    ranges = {index: inclusion_ranges(index, checkpoint.size) for index in indexes}
    async with pool.acquire() as db:
        tiles = await log.tiles_at(db, log_id, places_of(part for parts in ranges.values() for part in parts))
    proofs = {index: LogProof(index, tuple(prove(parts, tiles)), checkpoint.note) for index, parts in ranges.items()}
    return write_bundle(
        place.unit(unit.gtin, unit.serial),
        checkpoint.note,
        [LoggedKey(key.leaf, proofs[key.index]) for key in keys],
        [LoggedEvent(event.jws, event.salt, proofs[event.index]) for event in logged],
    )
