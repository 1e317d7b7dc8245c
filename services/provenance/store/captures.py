"""SQL of events that others report, and of the documents in which they came."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from contracts.warehouse import UnitKey
from services.provenance.domain.capture import Identity, Known
from shared.db import DB

KEPT = timedelta(days=30)
"""How long the job of a document can be read."""


@dataclass(frozen=True, slots=True)
class Job:
    """A document that was taken in: at once, and whole."""

    id: UUID
    principal: str
    captured_at: datetime


async def known(db: DB, event_ids: Collection[str]) -> Known:
    """Who has reported the events of these ids, erased ones included: of an event that was reported twice, whoever did
    so first."""
    rows = await db.fetch(
        "select event_id, declared_at, said_by from events where event_id = any($1) order by entry desc",
        list(event_ids),
    )
    return {Identity(row["event_id"], row["declared_at"]): row["said_by"] for row in rows}


async def said_of(db: DB, units: Collection[UnitKey]) -> dict[UnitKey, int]:
    """How many events others have reported of each unit."""
    rows = await db.fetch(
        """select gtin, serial, count(*) as told from events
           where said_by is not null and (gtin, serial) in (select * from unnest($1::text[], $2::text[]))
           group by gtin, serial""",
        [unit.gtin for unit in units],
        [unit.serial for unit in units],
    )
    return {UnitKey(gtin=row["gtin"], serial=row["serial"]): row["told"] for row in rows}


async def keep(db: DB, job: Job) -> None:
    """Stores the job, and deletes those that are too old."""
    await db.execute("delete from captures where captured_at < $1", job.captured_at - KEPT)
    await db.execute(
        "insert into captures (id, principal, captured_at) values ($1, $2, $3)", job.id, job.principal, job.captured_at
    )


async def find(db: DB, job_id: UUID) -> Job | None:
    row = await db.fetchrow("select id, principal, captured_at from captures where id = $1", job_id)
    return Job(row["id"], row["principal"], row["captured_at"]) if row else None


async def list_jobs(db: DB, principal: str | None, before: tuple[datetime, UUID] | None, limit: int) -> list[Job]:
    """The latest first; of one name's keys, where it is given."""
    rows = await db.fetch(
        """select id, principal, captured_at from captures
           where ($1::text is null or principal = $1)
             and ($2::timestamptz is null or (captured_at, id) < ($2, $3::uuid))
           order by captured_at desc, id desc limit $4""",
        principal,
        *(before or (None, None)),
        limit,
    )
    return [Job(**row) for row in rows]
