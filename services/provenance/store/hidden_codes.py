"""SQL of hidden codes: of each a keyed hash, its tries, and when it was revealed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import asyncpg

from contracts.warehouse import UnitKey
from services.provenance.domain.hidden_codes import HiddenCode
from shared.db import DB
from shared.sealing import KeyedColumn

KEYED = KeyedColumn("HIDDEN_CODE_KEY", "hidden_codes", "code")
_CODE = "select code, wrong, wrong_at, revealed_at from hidden_codes where gtin = $1 and serial = $2"


async def find(db: DB, unit: UnitKey) -> HiddenCode | None:
    return _hidden(await db.fetchrow(_CODE, unit.gtin, unit.serial))


async def lock(db: DB, unit: UnitKey) -> HiddenCode | None:
    """One at a time tries a unit's code."""
    return _hidden(await db.fetchrow(f"{_CODE} for update", unit.gtin, unit.serial))


def _hidden(row: asyncpg.Record | None) -> HiddenCode | None:
    return HiddenCode(row["code"], row["wrong"], row["wrong_at"], row["revealed_at"]) if row else None


async def save(db: DB, unit: UnitKey, hidden: HiddenCode) -> None:
    """After a try."""
    await db.execute(
        "update hidden_codes set wrong = $3, wrong_at = $4, revealed_at = $5 where gtin = $1 and serial = $2",
        unit.gtin,
        unit.serial,
        hidden.wrong,
        hidden.wrong_at,
        hidden.revealed_at,
    )


async def replace(db: DB, codes: Mapping[UnitKey, bytes], now: datetime) -> set[UnitKey]:
    """Keeps these codes in the place of any before; those of the units were revealed already, whose codes stay."""
    rows = await db.fetch(
        """insert into hidden_codes as h (gtin, serial, code, printed_at)
           select gtin, serial, code, $4 from unnest($1::text[], $2::text[], $3::bytea[]) as c (gtin, serial, code)
           order by gtin, serial
           on conflict (gtin, serial) do update
           set code = excluded.code, printed_at = excluded.printed_at, wrong = 0, wrong_at = null
           where h.revealed_at is null
           returning gtin, serial""",
        [unit.gtin for unit in codes],
        [unit.serial for unit in codes],
        list(codes.values()),
        now,
    )
    return set(codes) - {UnitKey(gtin=row["gtin"], serial=row["serial"]) for row in rows}


async def printable(db: DB, units: Collection[UnitKey]) -> set[UnitKey]:
    """Those of these units that have an event of our own, are not erased and not written off."""
    rows = await db.fetch(
        """select gtin, serial from events
           where (gtin, serial) in (select * from unnest($1::text[], $2::text[]))
             and jws is not null and said_by is null
           group by gtin, serial having not bool_or(name like '%|written!_off' escape '!')""",
        [unit.gtin for unit in units],
        [unit.serial for unit in units],
    )
    return {UnitKey(gtin=row["gtin"], serial=row["serial"]) for row in rows}


async def erase(db: DB, unit: UnitKey) -> None:
    await db.execute("delete from hidden_codes where gtin = $1 and serial = $2", unit.gtin, unit.serial)
