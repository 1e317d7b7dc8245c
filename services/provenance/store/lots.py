"""SQL of what happened to the units of a lot."""

from __future__ import annotations

from datetime import datetime

from services.provenance.domain.log_events import LotKey
from services.provenance.domain.lot_events import SHOWN
from shared.db import DB


async def first_dates(db: DB, lot: LotKey) -> dict[str, datetime]:
    """When each kind of step first happened to units of the lot, the earliest first; empty for a lot without events."""
    rows = await db.fetch(
        """select k.name, f.happened_at
           from unnest($3::text[], $4::text[], $5::text[]) with ordinality as k (name, step, disposition, place),
           lateral (
               select happened_at from events e
               where e.gtin = $1 and e.lot = $2 and e.step = k.step and e.disposition = k.disposition
                 and e.jws is not null
               order by e.happened_at limit 1) as f
           order by f.happened_at, k.place""",
        lot.gtin,
        lot.lot,
        list(SHOWN),
        [shown.step for shown in SHOWN.values()],
        [shown.disposition for shown in SHOWN.values()],
    )
    return {row["name"]: row["happened_at"] for row in rows}
