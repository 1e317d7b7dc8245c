"""What the orders take of their buyers' years."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from services.customs.domain.quota import QuotaEntry, Share, Year
from shared.db import DB
from shared.sealing import KeyedColumn

SCREENED_WITHIN = timedelta(days=31)
"""An order counts in the year in which it was placed. It is closed when it is not screened within seven days."""


async def load_entries(db: DB, order_ids: Collection[UUID]) -> dict[UUID, QuotaEntry]:
    """What these orders take of their buyers' years, as stored."""
    if not order_ids:
        return {}
    rows = await db.fetch(
        "select order_id, person, year, held, used from quota_entries where order_id = any($1)", list(order_ids)
    )
    return {
        row["order_id"]: QuotaEntry(Year(row["person"], row["year"]), Share(row["held"], row["used"])) for row in rows
    }


async def lock_years(db: DB, years: Collection[Year]) -> dict[Year, Decimal]:
    """Locks these years until the transaction ends; what is held and used of each."""
    if not years:
        return {}
    people, numbers = [year.person for year in years], [year.year for year in years]
    # A missing row locks nothing, so it is made first; both statements go by the same order of keys.
    await db.execute(
        """insert into quota (person, year) select * from unnest($1::bytea[], $2::int[]) order by 1, 2
           on conflict do nothing""",
        people,
        numbers,
    )
    rows = await db.fetch(
        """select person, year, held + used as taken from quota
           where (person, year) in (select * from unnest($1::bytea[], $2::int[]))
           order by person, year for update""",
        people,
        numbers,
    )
    return {Year(row["person"], row["year"]): row["taken"] for row in rows}


async def read_taken(db: DB, years: Collection[Year]) -> Decimal:
    """What is held and used of these years together, as committed, without a lock."""
    taken: Decimal = await db.fetchval(
        """select coalesce(sum(held + used), 0) from quota
           where (person, year) in (select * from unnest($1::bytea[], $2::int[]))""",
        [year.person for year in years],
        [year.year for year in years],
    )
    return taken


def counted(now: datetime) -> KeyedColumn:
    """The entries of years in which orders are still screened, `now` being business time."""
    return KeyedColumn("QUOTA_KEY", "quota_entries", "person", counted=f"year >= {(now - SCREENED_WITHIN).year}")


async def save_entries(db: DB, changed: Mapping[UUID, QuotaEntry]) -> None:
    """Stores what these orders take, and the sums of their years; the years are locked by the caller."""
    if not changed:
        return
    years = {entry.year for entry in changed.values()}
    await db.execute(
        """insert into quota_entries (order_id, person, year, held, used)
           select * from unnest($1::uuid[], $2::bytea[], $3::int[], $4::numeric[], $5::numeric[])
           on conflict (order_id) do update set held = excluded.held, used = excluded.used""",
        list(changed),
        [entry.year.person for entry in changed.values()],
        [entry.year.year for entry in changed.values()],
        [entry.share.held for entry in changed.values()],
        [entry.share.used for entry in changed.values()],
    )
    await db.execute(
        """update quota set held = sums.held, used = sums.used
           from (select person, year, sum(held) as held, sum(used) as used from quota_entries
                 where (person, year) in (select * from unnest($1::bytea[], $2::int[])) group by person, year) as sums
           where quota.person = sums.person and quota.year = sums.year""",
        [year.person for year in years],
        [year.year for year in years],
    )
