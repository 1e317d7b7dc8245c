"""SQL of erased units: their keyed hashes, and what goes with an erasure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID, uuid5

from contracts.provenance import UnitErasureMarker
from contracts.warehouse import UnitKey
from services.provenance.domain.erasures import digests
from services.provenance.store import events, hidden_codes, looks, way
from shared.db import DB
from shared.ledger import outbox
from shared.sealing import KeyedColumn

TOPIC = "provenance.erasures"
MARKER = "unit-erasure-marker.v1"
NAMESPACE = UUID("6f5a8f86-0a4e-4f0c-9a2c-3d1c7b5b7e21")
"""Of the ids of markers."""
KEYED = KeyedColumn("HIDDEN_CODE_KEY", "erased_units", "digest")


async def erase(db: DB, unit: UnitKey) -> int:
    """All that is known of the unit, under its lock; how many events they were."""
    await events.lock_units(db, [unit])
    count = await events.erase(db, unit)
    await looks.erase(db, unit)
    await hidden_codes.erase(db, unit)
    await way.erase(db, unit)
    return count


async def mark(db: DB, digest: bytes, erased_at: datetime) -> None:
    """Remembers that the unit of this digest was erased, and publishes it, in the transaction that erases."""
    await _remember(db, {digest: erased_at}, pending=False)
    marker = UnitErasureMarker(unit=digest.hex(), erased_at=erased_at)
    event_id = uuid5(NAMESPACE, f"{marker.unit}|{erased_at.isoformat()}")
    message = outbox.Message(TOPIC, marker.unit, event_id, MARKER, marker.model_dump_json())
    await outbox.publish(db, [message])


async def take(db: DB, marked: Mapping[bytes, datetime]) -> None:
    """Stores the erasures of markers. One that is not known here, or is later than the one known of its unit, waits to
    be carried out."""
    await _remember(db, marked, pending=True)


async def _remember(db: DB, marked: Mapping[bytes, datetime], *, pending: bool) -> None:
    await db.execute(
        """insert into erased_units as e (digest, erased_at, pending)
           select digest, erased_at, $3 from unnest($1::bytea[], $2::timestamptz[]) as m (digest, erased_at)
           order by digest
           on conflict (digest) do update set erased_at = excluded.erased_at, pending = excluded.pending
           where excluded.erased_at > e.erased_at""",
        list(marked),
        list(marked.values()),
        pending,
    )


async def pending(db: DB) -> set[bytes]:
    """Erasures that wait to be carried out."""
    return {row["digest"] for row in await db.fetch("select digest from erased_units where pending")}


async def carried_out(db: DB, marked: Collection[bytes]) -> None:
    await db.execute("update erased_units set pending = false where digest = any($1)", list(marked))


async def of_units(db: DB, units: Collection[UnitKey], keys: Mapping[bytes, bytes]) -> dict[UnitKey, datetime]:
    """When those of these units that were erased were so last."""
    if not units or not await db.fetchval("select exists (select from erased_units)"):
        return {}
    by_digest = {made: unit for unit in units for made in digests(unit, keys)}
    rows = await db.fetch(
        "select digest, erased_at from erased_units where digest = any($1) order by erased_at", list(by_digest)
    )
    return {by_digest[row["digest"]]: row["erased_at"] for row in rows}


async def units_after(db: DB, after: UnitKey | None, limit: int) -> list[UnitKey]:
    """Units with events, ordered by GTIN and serial, after this one."""
    rows = await db.fetch(
        """select distinct gtin, serial from events
           where serial is not null and (gtin, serial) > ($1, $2) order by gtin, serial limit $3""",
        after.gtin if after else "",
        after.serial if after else "",
        limit,
    )
    return [UnitKey(gtin=row["gtin"], serial=row["serial"]) for row in rows]


async def drop_expired(db: DB, before: datetime) -> None:
    """Erasures of before this instant (business time)."""
    await db.execute("delete from erased_units where erased_at < $1 and not pending", before)
