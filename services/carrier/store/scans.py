"""Raw scans: what a carrier reported, word for word, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg

from services.carrier.domain.scans import KnownScan, settled_turns
from services.carrier.store.numbers import Numbers, columns
from shared.db import DB
from shared.sealing import SealedColumn


def sealing_place(carrier: str, tracking_number: str, digest: bytes) -> str:
    """The place to which a carrier's event is sealed."""
    return f"scan:{carrier}:{tracking_number}:{digest.hex()}"


Source = Literal["poll", "webhook", "feed"]
SEALED = SealedColumn(
    "STORAGE_KEY",
    "raw_scans",
    "body",
    key=("carrier", "tracking_number", "source", "digest"),
    place=sealing_place,
    placed_by=("carrier", "tracking_number", "digest"),
)


@dataclass(frozen=True, slots=True)
class RawScan:
    carrier: str
    tracking_number: str
    source: Source
    digest: bytes
    sealed: bytes | None
    code: str | None
    scanned_at: datetime | None
    utc_offset_minutes: int
    country: str | None
    turn: int = 1
    """Which of the events of its code and minute it is, in the answer that lists it."""
    city: str | None = None
    request_id: str | None = None
    """The id of the poll that reported it first, by which the carrier's support finds the call."""


async def settled(db: DB, answer: Sequence[RawScan]) -> list[RawScan]:
    """What one answer lists, with the turns under which each of it counts: see `settled_turns`."""
    several = {_minute(scan) for scan in answer if scan.turn > 1}
    if not several:
        return list(answer)
    listed: dict[_Minute, dict[bytes, int]] = {minute: {} for minute in several}
    for scan in answer:
        if (minute := _minute(scan)) in several:
            listed[minute][scan.digest] = scan.turn
    rows = await db.fetch(
        """select r.carrier, r.tracking_number, r.digest, r.turn
           from raw_scans r join unnest($1::text[], $2::text[], $3::bytea[]) as s (carrier, number, digest)
                on r.carrier = s.carrier and r.tracking_number = s.number and r.digest = s.digest
           order by r.received_at, r.turn""",
        [carrier for (carrier, *_), digests in listed.items() for _ in digests],
        [number for (_, number, *_), digests in listed.items() for _ in digests],
        [digest for digests in listed.values() for digest in digests],
    )
    stored: dict[tuple[str, str], dict[bytes, int]] = defaultdict(dict)
    for row in rows:
        stored[row["carrier"], row["tracking_number"]].setdefault(row["digest"], row["turn"])
    turns = {minute: settled_turns(digests, stored[minute[:2]]) for minute, digests in listed.items()}
    return [
        replace(scan, turn=turns[minute][scan.digest]) if (minute := _minute(scan)) in turns else scan
        for scan in answer
    ]


_Minute: TypeAlias = tuple[str, str, str | None, datetime | None]


def _minute(scan: RawScan) -> _Minute:
    minute = scan.scanned_at.replace(second=0, microsecond=0) if scan.scanned_at else None
    return scan.carrier, scan.tracking_number, scan.code, minute


async def save(db: DB, scans: Sequence[RawScan], days: int) -> int:
    """Stores what a carrier reported, each once a source; how many were new. Unreadable ones are not published.

    One that is stored already, and turns out to be a later one of several in its minute, is published again as such.
    """
    first = [scan for scan in scans if scan.turn == 1]
    later = {(s.carrier, s.tracking_number, s.source, s.digest): s for s in scans if s.turn > 1}
    new = await _insert(db, _ONCE, first, days) if first else 0
    return new + (await _insert(db, _AGAIN, list(later.values()), days) if later else 0)


_ONCE = """insert into raw_scans as r (carrier, tracking_number, source, digest, body, code, scanned_at,
                                       utc_offset_minutes, country, city, turn, request_id, processed_at, keep_until)
           select carrier, number, source, digest, body, code, scanned_at, utc_offset, country, city, turn, request_id,
                  case when code is null then now() end, now() + $13 * interval '1 day'
           from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[],
                       $7::timestamptz[], $8::int[], $9::text[], $10::text[], $11::smallint[], $12::text[])
                as s (carrier, number, source, digest, body, code, scanned_at, utc_offset, country, city, turn,
                      request_id)
           order by carrier, number, source, digest on conflict do nothing returning 1"""
_AGAIN = _ONCE.replace(
    "do nothing",
    """(carrier, tracking_number, source, digest) do update set turn = excluded.turn, processed_at = null
       where r.turn < excluded.turn""",
)


async def _insert(db: DB, statement: str, scans: Sequence[RawScan], days: int) -> int:
    rows = await db.fetch(
        statement,
        [scan.carrier for scan in scans],
        [scan.tracking_number for scan in scans],
        [scan.source for scan in scans],
        [scan.digest for scan in scans],
        [scan.sealed for scan in scans],
        [scan.code for scan in scans],
        [scan.scanned_at for scan in scans],
        [scan.utc_offset_minutes for scan in scans],
        [scan.country for scan in scans],
        [scan.city for scan in scans],
        [scan.turn for scan in scans],
        [scan.request_id for scan in scans],
        days,
    )
    return len(rows)


async def any_to_publish(pool: asyncpg.Pool[asyncpg.Record]) -> bool:
    """Whether there is anything to publish: a scan that is not processed yet, and whose parcel has its label."""
    exists = await pool.fetchval(
        """select exists (select from raw_scans r join labels l using (carrier, tracking_number)
                          where l.used and r.processed_at is null and r.publish_after <= now())"""
    )
    return bool(exists)


async def lock_to_publish(db: DB, limit: int) -> list[KnownScan]:
    """Scans that are to be published, locked; those locked by another transaction are left out."""
    rows = await db.fetch(
        """select r.carrier, r.tracking_number, r.source, r.digest, r.code, r.scanned_at, r.utc_offset_minutes,
                  r.country, r.city, r.turn, l.order_id, l.parcel
           from raw_scans r join labels l using (carrier, tracking_number)
           where l.used and r.processed_at is null and r.publish_after <= now()
           order by r.received_at, r.scanned_at limit $1 for update of r skip locked""",
        limit,
    )
    return [KnownScan(**row) for row in rows]


async def mark_processed(db: DB, scans: Sequence[KnownScan], set_aside: Mapping[KnownScan, str]) -> None:
    """These are published, or set aside for the reason given."""
    await db.execute(
        """update raw_scans r set processed_at = now(), set_aside = s.reason
           from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[])
                as s (carrier, number, source, digest, reason)
           where r.carrier = s.carrier and r.tracking_number = s.number and r.source = s.source
                 and r.digest = s.digest""",
        *_keys(scans),
        [set_aside.get(scan) for scan in scans],
    )


async def postpone(db: DB, scans: Sequence[KnownScan], seconds: float) -> None:
    """These could not be published; not again before so many seconds."""
    await db.execute(
        """update raw_scans r set publish_after = now() + $5 * interval '1 second'
           from unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) as s (carrier, number, source, digest)
           where r.carrier = s.carrier and r.tracking_number = s.number and r.source = s.source
                 and r.digest = s.digest""",
        *_keys(scans),
        seconds,
    )


def _keys(scans: Sequence[KnownScan]) -> tuple[list[str], list[str], list[str], list[bytes]]:
    return (
        [scan.carrier for scan in scans],
        [scan.tracking_number for scan in scans],
        [scan.source for scan in scans],
        [scan.digest for scan in scans],
    )


async def count_unreadable(db: DB, order_id: UUID) -> dict[int, int]:
    """How many of the carrier's events about each parcel could not be read."""
    rows = await db.fetch(
        """select l.parcel, count(*) as events from raw_scans r join labels l using (carrier, tracking_number)
           where l.order_id = $1 and l.used and r.code is null group by l.parcel""",
        order_id,
    )
    return {row["parcel"]: row["events"] for row in rows}


async def set_aside_of(db: DB, order_id: UUID) -> list[asyncpg.Record]:
    """The carrier's events about the order's parcels that are not believed: how many, for which reason, and the first
    and last time at which they claim to have happened."""
    return await db.fetch(
        """select l.parcel, r.set_aside as reason, count(*) as events, min(r.scanned_at) as first_at,
                  max(r.scanned_at) as last_at
           from raw_scans r join labels l using (carrier, tracking_number)
           where l.order_id = $1 and l.used and r.set_aside is not null
           group by l.parcel, r.set_aside order by l.parcel, r.set_aside""",
        order_id,
    )


async def of_parcel(db: DB, order_id: UUID, parcel: int) -> list[asyncpg.Record]:
    """What was reported of the parcel under the label that it shows, the latest first, a thousand at the most."""
    return await db.fetch(
        """select r.carrier, r.tracking_number, r.source, r.digest, r.body, r.code, r.scanned_at, r.country,
                  r.received_at, r.request_id, r.set_aside
           from raw_scans r join labels l using (carrier, tracking_number)
           where l.order_id = $1 and l.parcel = $2 and l.used
           order by r.scanned_at desc nulls last, r.received_at desc, r.digest limit 1000""",
        order_id,
        parcel,
    )


async def oldest_unpublished_seconds(db: DB) -> float:
    """The age of the oldest scan that waits to be published although its parcel is known."""
    seconds = await db.fetchval(
        """select coalesce(extract(epoch from now() - min(r.received_at)), 0)
           from raw_scans r join labels l using (carrier, tracking_number)
           where l.used and r.processed_at is null"""
    )
    return float(seconds)


async def erase(db: DB, parcels: Numbers) -> None:
    """Drops the carrier's own words about these parcels, and the cities; the scans still count."""
    await db.execute(
        """update raw_scans r set body = null, city = null from unnest($1::text[], $2::text[]) as p (carrier, number)
           where r.carrier = p.carrier and r.tracking_number = p.number""",
        *columns(parcels),
    )


async def drop_expired(db: DB) -> None:
    await db.execute("delete from raw_scans where keep_until < now()")
