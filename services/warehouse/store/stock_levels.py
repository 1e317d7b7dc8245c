"""The stock levels as published last, and which have changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.db import DB

_LOCK = 4_107_001
"""The key of the advisory lock: one replica publishes the levels at a time."""


@dataclass(frozen=True, slots=True)
class ChangedLevel:
    """Units of one SKU as they are now; a block makes all that is available blocked."""

    sku: str
    sequence: int
    available: int
    reserved: int
    blocked: int


async def take_changed(db: DB, limit: int) -> Sequence[ChangedLevel]:
    """The levels that differ from those published last, at most `limit`; they count as published from the commit on.
    None while another replica publishes. A sequence is real time in milliseconds, or one more than the last: so a
    database that was restored from a backup goes on above what it had published."""
    if not await db.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
        return []
    rows = await db.fetch(
        """with now_there as (
               select sku, reserved, case when blocked is null then available else 0 end as available,
                      case when blocked is null then 0 else available end as blocked from stock),
           changed as (
               select n.* from now_there n left join stock_levels l using (sku)
               where (n.available, n.reserved, n.blocked) is distinct from (l.available, l.reserved, l.blocked)
               order by sku limit $1)
           insert into stock_levels as told (sku, sequence, available, reserved, blocked)
           select sku, (extract(epoch from clock_timestamp()) * 1000)::bigint, available, reserved, blocked from changed
           on conflict (sku) do update set sequence = greatest(told.sequence + 1, excluded.sequence),
               available = excluded.available, reserved = excluded.reserved, blocked = excluded.blocked
           returning sku, sequence, available, reserved, blocked""",
        limit,
    )
    return [ChangedLevel(**row) for row in rows]


async def forget_published(db: DB) -> None:
    """Every level counts as not published. Their sequences go on above the last ones, since real time has passed."""
    await db.execute("delete from stock_levels")
