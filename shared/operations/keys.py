"""Keys that rotate: with which of them the values in a service's database were made, and how they are sealed again.

`known_keys` lists every key that the service was given and whose values may still be here, so that a start without one
of them is noticed at once, and only then are values counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from shared.db import DB, Blocked
from shared.sealing import KeyedColumn, Seal, SealedColumn, Unsealable
from shared.telemetry import log

BATCH = 100
"""Values sealed again in one transaction: labels and messages are documents, of up to a few hundred KiB."""
COUNT_SECONDS = 3600.0
"""Seconds for a count, which reads a whole table and so may take longer than the pool's own limit allows."""
Keys = Mapping[str, Mapping[str, bytes]]
"""By setting and id; the first of each setting is in use."""


class KeyMissing(ValueError):
    """The database holds values made with a key that the service was not given."""


@dataclass(frozen=True, slots=True)
class Count:
    """So many values of a column were made with this key."""

    column: KeyedColumn
    key_id: str
    values: int


async def counts(db: DB, columns: Sequence[KeyedColumn]) -> list[Count]:
    """Of each column, how many values each key made."""
    counted = []
    for column in columns:
        rows = await db.fetch(
            f"""select encode(substring(value from 2 for get_byte(value, 0)), 'escape') as key_id, count(*) as values
                from (select nullif({column.column}, '') as value from {column.table} where {column.counted}) as made
                where value is not null group by 1 order by 1""",
            timeout=COUNT_SECONDS,
        )
        counted += [Count(column, row["key_id"], row["values"]) for row in rows]
    return counted


async def require_known_keys(pool: asyncpg.Pool[asyncpg.Record], keys: Keys, columns: Sequence[KeyedColumn]) -> None:
    """Raises KeyMissing when values were made with a key that is not given. A key that made none of those that are
    left is forgotten; one that is given is remembered."""
    given = {(setting, key_id) for setting, key_ids in keys.items() for key_id in key_ids}
    async with pool.acquire() as db, db.transaction():
        known = {(row["setting"], row["key_id"]) for row in await db.fetch("select setting, key_id from known_keys")}
        if missing := known - given:
            settings = {setting for setting, _ in missing}
            needed: dict[tuple[str, str], int] = {}
            for count in await counts(db, [column for column in columns if column.setting in settings]):
                key = (count.column.setting, count.key_id)
                if key in missing:
                    needed[key] = needed.get(key, 0) + count.values
            if needed:
                raise KeyMissing(_sentence(needed))
            await db.executemany("delete from known_keys where setting = $1 and key_id = $2", sorted(missing))
        if new := given - known:
            await db.executemany(
                "insert into known_keys (setting, key_id) values ($1, $2) on conflict do nothing", sorted(new)
            )


async def require_every_key(db: DB, setting: str, given: Collection[str]) -> None:
    """Raises Blocked when another replica was given a key of this setting that is not among these: what is looked up
    under all keys would not be found here under that one."""
    unknown = await db.fetchval(
        "select min(key_id) from known_keys where setting = $1 and key_id <> all($2)", setting, list(given)
    )
    if unknown is not None:
        raise Blocked(f"{setting} lacks the key {unknown}, which another replica was given")


def _sentence(needed: Mapping[tuple[str, str], int]) -> str:
    made = [
        f"{count} values made with key {key_id} of {setting}" for (setting, key_id), count in sorted(needed.items())
    ]
    return f"the database holds {' and '.join(made)}, which is not given: add it there, after the first"


async def reseal(
    pool: asyncpg.Pool[asyncpg.Record], column: SealedColumn, seal: Seal, progress: Callable[[int], None]
) -> int:
    """Seals the column's values with the first key where another was used, a few at a time, while the service runs; how
    many. `progress` is called with the number of each step.

    May be interrupted and begun again. Rows that somebody else has locked are left to the next pass; a value that no
    key opens stays as it is, and is logged.
    """
    total = 0
    while sealed := await _pass(pool, column, seal, progress):
        total += sealed
    return total


async def _pass(
    pool: asyncpg.Pool[asyncpg.Record], column: SealedColumn, seal: Seal, progress: Callable[[int], None]
) -> int:
    total, after = 0, None
    while True:
        async with pool.acquire() as db, db.transaction():
            rows = await _next(db, column, seal, after)
            sealed = await _seal_again(db, column, seal, rows)
        if not rows:
            return total
        total += sealed
        progress(sealed)
        after = [rows[-1][name] for name in column.key]


async def _next(db: DB, column: SealedColumn, seal: Seal, after: Sequence[object] | None) -> list[asyncpg.Record]:
    """The next rows by the column's key whose values another key than the first sealed, locked."""
    key, arguments = ", ".join(column.key), [seal.prefixes[0], *(after or ())]
    names = ", ".join(dict.fromkeys((*column.key, *column.placed_by, column.column)))
    begins = f"substring({column.column} from 1 for octet_length($1::bytea))"
    later = f"and ({key}) > ({', '.join(f'${n}' for n in range(2, len(arguments) + 1))})" if after else ""
    return await db.fetch(
        f"""select {names} from {column.table}
            where {column.column} <> '' and {begins} <> $1::bytea {later}
            order by {key} limit {BATCH} for update skip locked""",
        *arguments,
        timeout=COUNT_SECONDS,
    )


async def _seal_again(db: DB, column: SealedColumn, seal: Seal, rows: Sequence[asyncpg.Record]) -> int:
    """How many of them could be opened."""
    where = " and ".join(f"{name} = ${n}" for n, name in enumerate(column.key, start=2))
    values = []
    for row in rows:
        place = column.place(*(row[name] for name in column.placed_by))
        try:
            again = seal.seal(seal.open(row[column.column], place), place)
        except Unsealable:
            log.error("a value cannot be opened", table=column.table, column=column.column)
            continue
        values.append((again, *(row[name] for name in column.key)))
    if not values:
        return 0
    await db.executemany(f"update {column.table} set {column.column} = $1 where {where}", values)
    if column.resealed is not None:
        await column.resealed(db, [first for _, first, *_ in values])
    return len(values)
