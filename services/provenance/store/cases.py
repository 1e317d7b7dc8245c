"""SQL of cases: units that were flagged, until a person has looked at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import datetime

from contracts.warehouse import UnitKey
from services.provenance.domain.scans import UNIT_FLAGGED, Case
from shared.db import DB

_CASE = f"select {', '.join(field.name for field in fields(Case))} from cases"


async def save(db: DB, cases: Sequence[Case]) -> None:
    await db.executemany(
        f"""insert into cases (gtin, serial, turn, reason, opened_at, due_at, closed_at, resolution, kind)
            values ($1, $2, $3, $4, $5, $6, $7, $8, '{UNIT_FLAGGED}')
            on conflict (gtin, serial, turn) do update
            set closed_at = excluded.closed_at, resolution = excluded.resolution""",
        [astuple(case) for case in cases],
    )


async def decided(db: DB, unit: UnitKey, turns: Sequence[int], by: str) -> None:
    """Who has cleared these flags."""
    await db.execute(
        "update cases set decided_by = $4 where gtin = $1 and serial = $2 and turn = any($3)",
        unit.gtin,
        unit.serial,
        list(turns),
        by,
    )


async def of_unit(db: DB, unit: UnitKey) -> list[Case]:
    """Open or closed."""
    rows = await db.fetch(f"{_CASE} where gtin = $1 and serial = $2 order by turn", unit.gtin, unit.serial)
    return [Case(**row) for row in rows]


async def opened_since(db: DB, after: datetime, gtin: str | None = None, reason: str | None = None) -> int:
    """How many were opened after this instant, of this GTIN and reason where they are given."""
    return int(
        await db.fetchval(
            """select count(*) from cases
               where opened_at > $1 and ($2::text is null or gtin = $2) and ($3::text is null or reason = $3)""",
            after,
            gtin,
            reason,
        )
    )


async def list_open(db: DB, after: tuple[datetime, str, str, int] | None, limit: int) -> list[Case]:
    """The oldest first."""
    rows = await db.fetch(
        f"""{_CASE} where closed_at is null
              and ($1::timestamptz is null or (opened_at, gtin, serial, turn) > ($1, $2, $3, $4))
            order by opened_at, gtin, serial, turn limit $5""",
        *(after or (None, None, None, None)),
        limit,
    )
    return [Case(**row) for row in rows]
