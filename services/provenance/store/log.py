"""SQL of the log. Whoever appends or signs holds the lock of its row, so that there is one at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.provenance.domain.log.checkpoints import Checkpoint
from services.provenance.domain.log.tiles import WIDTH, Place
from shared.db import DB


@dataclass(frozen=True, slots=True)
class LogRow:
    id: int
    size: int
    stopped: str | None


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint that we have signed; it may have left."""

    size: int
    note: str


@dataclass(frozen=True, slots=True)
class LastCheckpoint:
    """Of the log before."""

    log: int
    note: str


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """What we know of a witness."""

    size: int = 0
    """Of the tree that it signed last."""
    answered_at: datetime | None = None
    away_since: datetime | None = None
    verdict: str | None = None
    contradicts: str | None = None
    """What it says against the log, and has not proven; none while it signs."""


async def begin(db: DB, key: str) -> tuple[LogRow, LastCheckpoint | None, bool]:
    """The log of this verifier key, locked; when it is new, the last checkpoint of the log before it, and True."""
    created = await db.fetchval("insert into logs (key) values ($1) on conflict do nothing returning id", key)
    log = await lock(db, await db.fetchval("select id from logs where key = $1", key))
    if created is None:
        return log, None, False
    row = await db.fetchrow(
        "select log, note from checkpoints where log < $1 order by log desc, size desc limit 1", log.id
    )
    return log, LastCheckpoint(row["log"], row["note"]) if row else None, True


async def lock(db: DB, log: int) -> LogRow:
    return _log(await db.fetchrow("select id, size, stopped from logs where id = $1 for update", log))


async def read(db: DB, log: int) -> LogRow:
    return _log(await db.fetchrow("select id, size, stopped from logs where id = $1", log))


def _log(row: asyncpg.Record | None) -> LogRow:
    if row is None:
        raise LookupError("the log was not begun")
    return LogRow(row["id"], row["size"], row["stopped"])


async def stop(db: DB, log: int, cause: str) -> None:
    """Nothing is appended or signed from now on; the first cause stays."""
    await db.execute("update logs set stopped = coalesce(stopped, $2) where id = $1", log, cause)


async def add_entries(db: DB, leaves: Sequence[bytes]) -> list[int]:
    """Leaves that wait for the appender, in this order; their numbers."""
    rows = await db.fetch(
        """insert into entries (leaf) select leaf from unnest($1::bytea[]) with ordinality as l (leaf, n) order by n
           returning seq""",
        list(leaves),
    )
    return [row["seq"] for row in rows]


async def waiting(db: DB, limit: int) -> list[tuple[int, bytes]]:
    rows = await db.fetch("select seq, leaf from entries where index is null order by seq limit $1", limit)
    return [(row["seq"], row["leaf"]) for row in rows]


async def place_entries(db: DB, log: LogRow, seqs: Sequence[int], tiles: Mapping[Place, bytes]) -> None:
    """These leaves are in the log, one after another from its size on, and its tiles are these."""
    await db.execute(
        """update entries e set log = $1, index = $2 + n - 1
           from unnest($3::bigint[]) with ordinality as s (seq, n) where e.seq = s.seq""",
        log.id,
        log.size,
        list(seqs),
    )
    await db.execute(
        """insert into tiles (log, level, index, hashes)
           select $1, * from unnest($2::int[], $3::bigint[], $4::bytea[])
           on conflict (log, level, index) do update set hashes = excluded.hashes""",
        log.id,
        [level for level, _ in tiles],
        [index for _, index in tiles],
        list(tiles.values()),
    )
    await db.execute("update logs set size = $2 where id = $1", log.id, log.size + len(seqs))


async def tiles_at(db: DB, log: int, places: Collection[Place]) -> dict[Place, bytes]:
    """Those of these tiles that are there."""
    rows = await db.fetch(
        """select level, index, hashes from tiles
           where log = $1 and (level, index) in (select * from unnest($2::int[], $3::bigint[]))""",
        log,
        [level for level, _ in places],
        [index for _, index in places],
    )
    return {(row["level"], row["index"]): row["hashes"] for row in rows}


async def entries_of(db: DB, log: int, index: int, width: int = WIDTH) -> list[bytes]:
    """The first leaves below a tile of level 0."""
    rows = await db.fetch(
        "select leaf from entries where log = $1 and index >= $2 and index < $3 order by index",
        log,
        index * WIDTH,
        index * WIDTH + width,
    )
    return [row["leaf"] for row in rows]


async def last_checkpoint(db: DB, log: int) -> StoredCheckpoint | None:
    row = await db.fetchrow("select size, note from checkpoints where log = $1 order by size desc limit 1", log)
    return StoredCheckpoint(row["size"], row["note"]) if row else None


async def checkpoint_of(db: DB, log: int, size: int) -> str | None:
    """What we have signed at this size."""
    note: str | None = await db.fetchval("select note from checkpoints where log = $1 and size = $2", log, size)
    return note


async def save_checkpoint(db: DB, log: int, checkpoint: Checkpoint, note: str) -> None:
    await db.execute("insert into checkpoints (log, size, note) values ($1, $2, $3)", log, checkpoint.size, note)


async def cosigned(db: DB, log: int, witnesses: Collection[str], quorum: int) -> StoredCheckpoint | None:
    """The largest checkpoint that a quorum of these witnesses has signed, with their lines."""
    row = await db.fetchrow(
        """select c.size, c.note, array(select line from cosignatures s
                                        where s.log = c.log and s.size = c.size and witness = any($2) order by witness
                                       ) as lines
           from checkpoints c
           where log = $1 and $3 <= (select count(*) from cosignatures s
                                     where s.log = c.log and s.size = c.size and witness = any($2))
           order by size desc limit 1""",
        log,
        list(witnesses),
        quorum,
    )
    return StoredCheckpoint(row["size"], row["note"] + "".join(f"{line}\n" for line in row["lines"])) if row else None


async def witness(db: DB, log: int, name: str) -> WitnessRow:
    row = await db.fetchrow(
        """select size, answered_at, away_since, verdict, contradicts from witnesses
           where log = $1 and witness = $2""",
        log,
        name,
    )
    return WitnessRow(**row) if row else WitnessRow()


async def answered(db: DB, log: int, name: str, size: int, verdict: str, line: str | None) -> None:
    """The witness has answered, and this is the size that it signed last."""
    await db.execute(
        """insert into witnesses (log, witness, size, answered_at, verdict) values ($1, $2, $3, now(), $4)
           on conflict (log, witness) do update
           set size = excluded.size, answered_at = now(), away_since = null, verdict = excluded.verdict,
               contradicts = null""",
        log,
        name,
        size,
        verdict,
    )
    if line is not None:
        await db.execute(
            """insert into cosignatures (log, size, witness, line) values ($1, $2, $3, $4)
               on conflict (log, size, witness) do update set line = excluded.line""",
            log,
            size,
            name,
            line,
        )


async def unanswered(db: DB, log: int, name: str, verdict: str, contradicts: str | None = None) -> None:
    """The witness is away, or refuses: since the first time in a row. What it signed last stays. `contradicts`: what it
    says against the log, which sets it aside until it signs again."""
    await db.execute(
        """insert into witnesses (log, witness, away_since, verdict, contradicts) values ($1, $2, now(), $3, $4)
           on conflict (log, witness) do update
           set away_since = coalesce(witnesses.away_since, now()), verdict = excluded.verdict,
               contradicts = coalesce(excluded.contradicts, witnesses.contradicts)""",
        log,
        name,
        verdict,
        contradicts,
    )


async def has_proven(db: DB, log: int, name: str, verdict: str) -> None:
    """The witness has proven what it says against the log: it is set aside no more."""
    await unanswered(db, log, name, verdict)
    await db.execute("update witnesses set contradicts = null where log = $1 and witness = $2", log, name)


async def contradictions(db: DB, log: int, witnesses: Collection[str]) -> list[str]:
    """What those of these witnesses that were set aside say."""
    rows = await db.fetch(
        """select contradicts from witnesses
           where log = $1 and witness = any($2) and contradicts is not null order by witness""",
        log,
        list(witnesses),
    )
    return [row["contradicts"] for row in rows]


@dataclass(frozen=True, slots=True)
class WholeLog:
    """All tiles and leaves of a log, for the audit: a hundred bytes a leaf."""

    tiles: Mapping[Place, bytes]
    leaves: Sequence[bytes]

    def entries(self, index: int) -> Sequence[bytes]:
        return self.leaves[index * WIDTH : (index + 1) * WIDTH]


async def whole(db: DB, log: int, size: int) -> WholeLog:
    """The log of this size."""
    tiles = await db.fetch("select level, index, hashes from tiles where log = $1", log)
    leaves = await db.fetch("select leaf from entries where log = $1 and index < $2 order by index", log, size)
    by_place = {(row["level"], row["index"]): row["hashes"] for row in tiles}
    return WholeLog(by_place, [row["leaf"] for row in leaves])


async def count_waiting(db: DB) -> int:
    return int(await db.fetchval("select count(*) from entries where index is null"))
