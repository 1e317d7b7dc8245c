"""SQL of the events: signed once, logged once, shown in a unit's bundle, erased with their salt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts.warehouse import UnitKey
from services.provenance.domain.event_hash import in_milliseconds
from services.provenance.domain.gs1_uris import box_of
from services.provenance.domain.leaves import KeyLeaf, name_of
from services.provenance.domain.log_events import LogEvent
from shared.db import DB

if TYPE_CHECKING:
    import asyncpg

UNIT_LOCKS = 256
"""Locks that a transaction holds at most; a power of two."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event whose leaf is in the log."""

    entry: int
    index: int
    jws: str
    salt: bytes


@dataclass(frozen=True, slots=True)
class StoredKey:
    index: int
    leaf: KeyLeaf


async def known(db: DB, names: Collection[str]) -> set[str]:
    """Those of these names that an event has already."""
    rows = await db.fetch("select name from events where name = any($1)", list(names))
    return {row["name"] for row in rows}


async def lock_units(db: DB, units: Collection[UnitKey]) -> None:
    """Until the transaction ends, no other adds events of these units, so that each event names the one before. Units
    share locks by their hash: PostgreSQL's table of locks does not hold one for each unit of a large receipt. Locks are
    taken in one order, so that no two transactions wait for each other."""
    await db.execute(
        """select pg_advisory_xact_lock(hashtext('provenance.units'), stripe)
           from (select distinct hashtext(unit) & $2 as stripe
                 from unnest($1::text[]) as u (unit) order by stripe) as sorted""",
        [f"{unit.gtin}.{unit.serial}" for unit in units],
        UNIT_LOCKS - 1,
    )


async def last_leaves(db: DB, units: Collection[UnitKey]) -> dict[UnitKey, str]:
    """The name of the leaf of each unit's last event."""
    rows = await db.fetch(
        """select distinct on (e.gtin, e.serial) e.gtin, e.serial, n.leaf
           from events e join entries n on n.seq = e.entry
           where (e.gtin, e.serial) in (select * from unnest($1::text[], $2::text[]))
           order by e.gtin, e.serial, e.entry desc""",
        [unit.gtin for unit in units],
        [unit.serial for unit in units],
    )
    return {UnitKey(gtin=row["gtin"], serial=row["serial"]): name_of(row["leaf"]) for row in rows}


async def save(db: DB, rows: Sequence[tuple[int, LogEvent, tuple[str, bytes] | None]], written_at: datetime) -> None:
    """Events with the number of their leaf; each signed, with the salt, or neither where its unit is erased; written
    down at this business time. Times are kept as they are shown, to the millisecond."""
    recorded_at = datetime.fromisoformat(in_milliseconds(written_at))
    await db.executemany(
        """insert into events (entry, name, gtin, serial, sscc, event_id, happened_at, jws, salt,
                               kind, action, step, disposition, parent, declared_at, said_by, recorded_at, lot)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)""",
        [
            (
                entry,
                event.name,
                thing.gtin if (thing := event.unit or event.lot) else None,
                event.unit.serial if event.unit else None,
                event.sscc,
                event.fields["eventID"],
                datetime.fromisoformat(event.fields["eventTime"]),
                *(signed or (None, None)),
                *_searched(event.fields),
                event.said_by,
                recorded_at,
                event.lot.lot if event.lot else None,
            )
            for entry, event, signed in rows
        ],
    )


def _searched(event: Mapping[str, Any]) -> tuple[str, str, str, str | None, str | None, datetime | None]:
    """What queries ask for, beside unit and box."""
    declared = event.get("errorDeclaration")
    return (
        event["type"],
        event["action"],
        event["bizStep"],
        event.get("disposition"),
        box_of(event["parentID"]) if "parentID" in event else None,
        datetime.fromisoformat(declared["declarationTime"]) if declared else None,
    )


async def of_unit(pool: asyncpg.Pool[asyncpg.Record], unit: UnitKey, log: int, size: int) -> list[StoredEvent]:
    """The unit's events, and those of the boxes while it lay in them, in the log of this size, not erased."""
    rows = await pool.fetch(
        """with own as (
               select e.entry, e.sscc, n.index, e.jws, e.salt
               from events e join entries n on n.seq = e.entry
               where e.gtin = $1 and e.serial = $2 and e.jws is not null and n.log = $3 and n.index < $4)
           select entry, index, jws, salt from own
           union
           select e.entry, n.index, e.jws, e.salt
           from events e join entries n on n.seq = e.entry
           where e.serial is null and e.jws is not null and e.sscc in (select sscc from own)
             and n.log = $3 and n.index < $4 and n.index > (select min(index) from own where own.sscc = e.sscc)
           order by index""",
        unit.gtin,
        unit.serial,
        log,
        size,
    )
    return [StoredEvent(row["entry"], row["index"], row["jws"], row["salt"]) for row in rows]


async def erase(db: DB, unit: UnitKey) -> int:
    """Forgets what the unit's leaves stood for: nobody can show it any more. How many they were."""
    rows = await db.fetch(
        """update events set jws = null, salt = null where gtin = $1 and serial = $2 and salt is not null
           returning entry""",
        unit.gtin,
        unit.serial,
    )
    return len(rows)


async def keys(pool: asyncpg.Pool[asyncpg.Record], log: int, size: int) -> list[StoredKey]:
    """The history of the issuer's keys in the log of this size."""
    rows = await pool.fetch(
        """select n.index, k.change, k.kid, k.public from issuer_keys k join entries n on n.seq = k.entry
           where n.log = $1 and n.index < $2 order by n.index""",
        log,
        size,
    )
    return [StoredKey(row["index"], KeyLeaf(row["change"], row["kid"], row["public"])) for row in rows]


async def add_key(db: DB, log: int, entry: int, leaf: KeyLeaf) -> None:
    await db.execute(
        "insert into issuer_keys (entry, log, kid, change, public) values ($1, $2, $3, $4, $5)",
        entry,
        log,
        leaf.kid,
        leaf.change,
        leaf.public,
    )


async def take_waiting_keys(db: DB, log: int) -> None:
    """Keys whose leaves wait are of this log, which has begun."""
    await db.execute(
        "update issuer_keys set log = $1 where entry in (select seq from entries where index is null)", log
    )


async def valid_keys(db: DB, log: int) -> Mapping[str, bytes]:
    """The issuer's keys that were added to this log and not revoked in it, by their ids."""
    rows = await db.fetch(
        """select kid, public from issuer_keys a where log = $1 and change = 'added'
             and not exists (select from issuer_keys r where r.log = $1 and r.kid = a.kid and r.change = 'revoked')
           order by entry""",
        log,
    )
    return {row["kid"]: row["public"] for row in rows}


async def revoked(db: DB, kid: str) -> bool:
    """In any log."""
    return bool(await db.fetchval("select exists (select from issuer_keys where kid = $1 and change = 'revoked')", kid))
