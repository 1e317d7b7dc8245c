"""SQL of looks: counted for good, and each with its sealed source for thirty days."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from contracts.warehouse import UnitKey
from services.provenance.domain.scans import Look
from shared.db import DB
from shared.sealing import Seal, SealedColumn

KEPT_DAYS = 30
KEPT_OF_A_UNIT = 500
"""The newest; older ones are counted only."""
UNKNOWN_OF_A_PRODUCT = 1_000
"""Serials that were never given to a unit, and are kept to be counted."""


def sealing_place(gtin: str, serial: str) -> str:
    """The place to which the source of a look is sealed."""
    return f"look:{gtin}.{serial}"


SEALED = SealedColumn("STORAGE_KEY", "looks", "source", key=("id",), place=sealing_place, placed_by=("gtin", "serial"))


@dataclass(frozen=True, slots=True)
class Source:
    """From where a look came: personal data, kept sealed."""

    address: str
    town: str | None


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks at a unit in figures."""

    count: int
    first_at: datetime | None = None
    first_country: str | None = None


async def figures(db: DB, unit: UnitKey) -> Looks:
    row = await db.fetchrow(
        "select looks, first_at, first_country from unit_looks where gtin = $1 and serial = $2", unit.gtin, unit.serial
    )
    return Looks(row["looks"], row["first_at"], row["first_country"]) if row else Looks(0)


async def add(db: DB, seal: Seal, unit: UnitKey, look: Look, source: Source) -> Looks:
    """Counts the look, and keeps its source; the figures with it."""
    row = await db.fetchrow(
        """insert into unit_looks as u (gtin, serial, looks, first_at, first_country) values ($1, $2, 1, $3, $4)
           on conflict (gtin, serial) do update set looks = u.looks + 1 returning looks, first_at, first_country""",
        unit.gtin,
        unit.serial,
        look.seen_at,
        look.country,
    )
    assert row is not None  # noqa: S101  # an insert that returns its row
    text = json.dumps({"address": source.address, "town": source.town})
    await db.execute(
        """insert into looks (gtin, serial, at, country, source, keep_until)
           values ($1, $2, $3, $4, $5, now() + $6 * interval '1 day')""",
        unit.gtin,
        unit.serial,
        look.seen_at,
        look.country,
        seal.seal(text.encode(), sealing_place(unit.gtin, unit.serial)),
        KEPT_DAYS,
    )
    await db.execute(
        """delete from looks where id in (
               select id from looks where gtin = $1 and serial = $2 order by id desc offset $3)""",
        unit.gtin,
        unit.serial,
        KEPT_OF_A_UNIT,
    )
    return Looks(row["looks"], row["first_at"], row["first_country"])


async def since(db: DB, unit: UnitKey, after: datetime) -> list[Look]:
    """The looks that are kept, after this instant, the newest first."""
    rows = await db.fetch(
        "select at, country from looks where gtin = $1 and serial = $2 and at > $3 order by id desc",
        unit.gtin,
        unit.serial,
        after,
    )
    return [Look(row["at"], row["country"]) for row in rows]


async def add_unknown(db: DB, unit: UnitKey) -> int:
    """How often somebody has looked for this serial, which was never given to a unit; 0 where a product has more of
    them than are kept."""
    return int(
        await db.fetchval(
            """insert into unknown_serials as u (gtin, serial, looks, keep_until)
               select $1, $2, 1, now() + $3 * interval '1 day'
               where exists (select from unknown_serials where gtin = $1 and serial = $2)
                  or (select count(*) from unknown_serials where gtin = $1) < $4
               on conflict (gtin, serial) do update set looks = least(u.looks + 1, 1000000) returning looks""",
            unit.gtin,
            unit.serial,
            KEPT_DAYS,
            UNKNOWN_OF_A_PRODUCT,
        )
        or 0
    )


async def drop_expired(db: DB) -> None:
    await db.execute("delete from looks where keep_until < now()")
    await db.execute("delete from unknown_serials where keep_until < now()")


async def erase(db: DB, unit: UnitKey) -> None:
    for table in ("looks", "unit_looks"):
        await db.execute(f"delete from {table} where gtin = $1 and serial = $2", unit.gtin, unit.serial)
