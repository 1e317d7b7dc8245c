"""SQL of a unit's way, proven or not."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.warehouse import UnitKey
from services.provenance.domain.epcis import Place
from services.provenance.domain.signing import parse_jws
from services.provenance.domain.way import Proof, Step, is_ours, step_of
from shared.db import DB


async def way_of(db: DB, unit: UnitKey, log: int, proven: int, place: Place) -> list[Step]:
    """The unit's events, and those of the boxes while it lay in them, oldest first; none for a unit that is unknown or
    erased, or that only others have reported. `proven`: how many leaves of this log a quorum of the witnesses has
    signed."""
    rows = await db.fetch(
        """with own as (
               select entry, sscc, jws, said_by from events where gtin = $1 and serial = $2 and jws is not null)
           select e.jws, e.said_by, n.log, n.index
           from (select entry, jws, said_by from own
                 union
                 select entry, jws, said_by from events b
                 where serial is null and jws is not null and sscc in (select sscc from own)
                   and entry > (select min(entry) from own where own.sscc = b.sscc)) as e
           join entries n on n.seq = e.entry
           order by e.entry""",
        unit.gtin,
        unit.serial,
    )
    steps = [
        step_of(parse_jws(row["jws"]).event, _proof(row["log"], row["index"], log, proven), place, row["said_by"])
        for row in rows
    ]
    return steps if is_ours(steps) else []


def _proof(log: int | None, index: int | None, current: int, proven: int) -> Proof:
    if log is not None and log != current:
        return "earlier"
    return "proven" if index is not None and index < proven else "waiting"


async def is_known(db: DB, unit: UnitKey) -> bool:
    """Whether the unit has an event of our own that is not erased."""
    return bool(
        await db.fetchval(
            """select exists (
                   select from events where gtin = $1 and serial = $2 and said_by is null and jws is not null)""",
            unit.gtin,
            unit.serial,
        )
    )


async def was_logged(db: DB, unit: UnitKey) -> bool:
    """Whether the unit has an event of our own, erased or not."""
    return bool(
        await db.fetchval(
            "select exists (select from events where gtin = $1 and serial = $2 and said_by is null)",
            unit.gtin,
            unit.serial,
        )
    )


async def save_lots(db: DB, lots: Sequence[tuple[UnitKey, str]]) -> None:
    """Lots of units that have a serial too; the first one stored of a unit stays."""
    await db.executemany(
        "insert into unit_lots (gtin, serial, lot) values ($1, $2, $3) on conflict do nothing",
        [(unit.gtin, unit.serial, lot) for unit, lot in lots],
    )


async def lot_of(db: DB, unit: UnitKey) -> str | None:
    lot: str | None = await db.fetchval(
        "select lot from unit_lots where gtin = $1 and serial = $2", unit.gtin, unit.serial
    )
    return lot


async def erase(db: DB, unit: UnitKey) -> None:
    """What is known of the unit beside its events."""
    await db.execute("delete from unit_lots where gtin = $1 and serial = $2", unit.gtin, unit.serial)
