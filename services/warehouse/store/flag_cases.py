"""SQL of the cases of orders that flags of units have opened, until the flags are cleared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.warehouse.domain.flags import FlagCase
from shared.db import DB


async def keep(db: DB, cases: Sequence[FlagCase]) -> None:
    if cases:
        await db.executemany(
            "insert into flag_cases (unit_id, turn, order_id) values ($1, $2, $3) on conflict do nothing",
            [(case.unit_id, case.turn, case.order_id) for case in cases],
        )


async def take(db: DB, cleared: Mapping[UUID, Collection[int]]) -> list[FlagCase]:
    """The cases of these flags, by unit and turn; they are kept no longer."""
    flags = [(unit_id, turn) for unit_id, turns in cleared.items() for turn in turns]
    if not flags:
        return []
    rows = await db.fetch(
        """delete from flag_cases where (unit_id, turn) in (select * from unnest($1::uuid[], $2::int[]))
           returning unit_id, turn, order_id""",
        [unit_id for unit_id, _ in flags],
        [turn for _, turn in flags],
    )
    return [FlagCase(**row) for row in rows]
