"""What migrations of a newer release do to a database under running services: columns come, go and get wider types."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

WIDER: Mapping[str, str] = {"integer": "bigint", "text": "varchar"}
"""Types of columns by the type that each is altered to: all that was stored and is read stays what it is."""
CHANGES = ("column added", "types made wider", "types as before", "column dropped")
"""Each is made to every table before the next; in the end all are as they were."""
BETWEEN_SECONDS = 0.1
"""So that services work on each state that the tables come through: what is changed back at once, nobody notices."""
TRIES = 50
"""A statement that locks a whole table may lose against those who use it."""
# PostgreSQL alters no column that another is generated from.
_COLUMNS = """
    select c.table_name, c.column_name, c.data_type from information_schema.columns as c
    join information_schema.tables as t using (table_schema, table_name)
    where table_schema = 'public' and t.table_type = 'BASE TABLE' and t.table_name <> 'alembic_version'
      and c.is_generated = 'NEVER'
      and not exists (select from information_schema.column_column_usage as u
                      where (u.table_schema, u.table_name, u.column_name)
                            = (c.table_schema, c.table_name, c.column_name))
    order by c.table_name, c.ordinal_position
"""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: Mapping[str, str]
    """Those whose types can be made wider, with their types."""

    def change(self, change: str) -> str | None:
        """The statement of this change; None where the table has no column of that kind."""
        match change:
            case "column added":
                steps = ["add column newer_release text"]
            case "column dropped":
                steps = ["drop column newer_release"]
            case "types made wider":
                steps = [f'alter column "{column}" type {WIDER[kind]}' for column, kind in self.columns.items()]
            case _:
                steps = [f'alter column "{column}" type {kind}' for column, kind in self.columns.items()]
        return f'alter table "{self.name}" {", ".join(steps)}' if steps else None


async def tables(db: asyncpg.Connection[asyncpg.Record]) -> list[Table]:
    columns_of: dict[str, dict[str, str]] = {}
    for row in await db.fetch(_COLUMNS):
        columns = columns_of.setdefault(row["table_name"], {})
        if row["data_type"] in WIDER:
            columns[row["column_name"]] = row["data_type"]
    return [Table(name, columns) for name, columns in columns_of.items()]


async def alter_all(dsn: str) -> Counter[tuple[str, str]]:
    """Makes every change to every table of this database, one transaction each; how often, by table and change.
    AssertionError when one did not come about."""
    done: Counter[tuple[str, str]] = Counter()
    db = await asyncpg.connect(dsn)
    try:
        known = await tables(db)
        for change in CHANGES:
            for table in known:
                if (statement := table.change(change)) is not None:
                    await _alter(db, statement)
                    done[table.name, change] += 1
                    await asyncio.sleep(BETWEEN_SECONDS)
    finally:
        await db.close()
    return done


async def _alter(db: asyncpg.Connection[asyncpg.Record], statement: str) -> None:
    """While it waits for its lock everybody else does: not for long, and then again."""
    lost: Exception | None = None
    for _ in range(TRIES):
        try:
            await db.execute(f"set lock_timeout = '1s'; {statement}")
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            lost = error
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError(statement) from lost
