"""How long the records of who read a person's data are kept: no row is changed or deleted within a year, and rows older
than the service's own limit are deleted."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import asyncpg
from pydantic import Field

from shared.db import DB
from shared.operations.pruning import delete_in_slices, hourly
from shared.supervise import Task

LEAST_DAYS = 365
DAYS = 1096
"""Three years: people ask long afterwards who has read their data."""
ReadsDays = Annotated[
    int, Field(ge=LEAST_DAYS, description="how long it is kept who read a person's data, real days; three years")
]
Table = Literal["person_reads", "people_reads"]

RETENTION_SCHEMA: tuple[str, ...] = (
    # The trigger of these tables: old rows may go, whole tables never.
    f"""create or replace function refuse_change() returns trigger language plpgsql as $$
        begin
            if tg_op = 'DELETE' then
                if old.read_at < now() - interval '{LEAST_DAYS} days' then
                    return old;
                end if;
            end if;
            raise exception '% is append-only', tg_table_name;
        end $$""",
)


def task(pool: asyncpg.Pool[asyncpg.Record], table: Table, days: int) -> Task:
    """Drops, each hour, what is older than so many real days."""
    return Task("read_records", partial(hourly, pool, lambda db: drop_expired(db, table, days)))


async def drop_expired(db: DB, table: Table, days: int) -> None:
    """Readings of so many real days ago, from the oldest on, in slices that end long before a statement's time-out."""
    oldest = f"select id from {table} order by id limit $2"
    expired = f"delete from {table} where id in ({oldest}) and read_at < now() - $1 * interval '1 day'"
    await delete_in_slices(db, expired, float(days))
