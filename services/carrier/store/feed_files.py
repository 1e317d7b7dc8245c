"""Files of carriers' feeds: which were read, what is wrong with them, and who has looked into it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import asyncpg

from services.carrier.domain.feeds import FaultyRecord
from shared.db import DB

MOST_FAULTS = 20
"""Of one file, that are kept."""
MOST_LISTED = 100
DAYS = 400
"""For which a file is remembered. Read again after that, it would change nothing."""

INACCESSIBLE = "inaccessible"
"""Set aside because it could not be opened. It is tried again, and the new result replaces this one."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file as it was found."""

    carrier: str
    name: str
    stamp: str
    """Its size and the time of its last change."""


async def unknown(db: DB, files: Collection[FileVersion]) -> set[FileVersion]:
    """Those of these files that nobody has processed, or that could not be opened."""
    rows = await db.fetch(
        """select f.carrier, f.name, f.stamp from unnest($1::text[], $2::text[], $3::text[]) as f (carrier, name, stamp)
           where not exists (select from feed_files k
                             where (k.carrier, k.name, k.stamp) = (f.carrier, f.name, f.stamp)
                               and k.reason is distinct from $4)""",
        [file.carrier for file in files],
        [file.name for file in files],
        [file.stamp for file in files],
        INACCESSIBLE,
    )
    return {FileVersion(**row) for row in rows}


async def take(db: DB, file: FileVersion, digest: bytes, records: int, faulty: Sequence[FaultyRecord]) -> bool:
    """Records a file whose records are stored in the same transaction; False when there is nothing to store: another
    replica has read it, or one of the same content was read."""
    state = await _insert(
        db,
        """insert into feed_files as f (carrier, name, stamp, digest, state, reason, records, faulty_records, faults)
           select $1, $2, $3, $4, case when known then 'repeated' else 'taken' end,
                  case when $6 > 0 and not known then 'faulty_records' end, $5, $6, $7::jsonb
           from (select exists (select from feed_files where carrier = $1 and digest = $4) as known) k""",
        file,
        digest,
        records,
        len(faulty),
        json.dumps([asdict(fault) for fault in faulty[:MOST_FAULTS]]),
    )
    return state == "taken"


async def set_aside(db: DB, file: FileVersion, reason: str) -> bool:
    """Records a file of which nothing counts; False when that is recorded already."""
    state = await _insert(
        db,
        """insert into feed_files as f (carrier, name, stamp, state, reason) values ($1, $2, $3, 'set_aside', $4)""",
        file,
        reason,
    )
    return state is not None


_ONCE = f"""
           on conflict (carrier, name, stamp) do update
           set (digest, state, reason, records, faulty_records, faults, seen_at, settled_at, settled_by) =
               (excluded.digest, excluded.state, excluded.reason, excluded.records, excluded.faulty_records,
                excluded.faults, excluded.seen_at, null, null)
           where f.reason = '{INACCESSIBLE}' and excluded.reason is distinct from f.reason
           returning state"""


async def _insert(
    db: DB, insert: str, file: FileVersion, *values: object
) -> Literal["taken", "repeated", "set_aside"] | None:
    """What the file is by now; None when that is known already."""
    state: Literal["taken", "repeated", "set_aside"] | None = await db.fetchval(
        insert + _ONCE, file.carrier, file.name, file.stamp, *values
    )
    return state


async def to_settle(db: DB) -> list[asyncpg.Record]:
    """Files that wait for a person, the oldest first."""
    return await db.fetch(
        """select id, carrier, name, state, reason, records, faulty_records, faults, seen_at from feed_files
           where settled_at is null and reason is not null order by id limit $1""",
        MOST_LISTED,
    )


async def settle(db: DB, file_id: int, who: str) -> bool:
    """Somebody has looked into it; False when there is no such file that waits, or waited."""
    settled = await db.fetchval(
        """update feed_files set settled_at = coalesce(settled_at, now()), settled_by = coalesce(settled_by, $2)
           where id = $1 and reason is not null returning true""",
        file_id,
        who,
    )
    return bool(settled)


async def count_to_settle(db: DB, carrier: str) -> int:
    count: int = await db.fetchval(
        "select count(*) from feed_files where carrier = $1 and settled_at is null and reason is not null", carrier
    )
    return count


async def silent_seconds(db: DB, carrier: str) -> float:
    """How long ago a file was taken last, or the first of the parcels that the carrier has was followed if that is
    later; 0 while it has none."""
    seconds: float = await db.fetchval(
        """select coalesce(extract(epoch from now() - greatest(
                      min(followed_since),
                      (select max(seen_at) from feed_files where carrier = $1 and state = 'taken')))::float8, 0)
           from followed_parcels where carrier = $1 and state = 'handed_over'""",
        carrier,
    )
    return seconds


async def drop_expired(db: DB) -> None:
    await db.execute("delete from feed_files where seen_at < now() - $1 * interval '1 day'", DAYS)
