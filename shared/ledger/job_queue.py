"""Jobs that a decision returns, as rows that `shared.jobs` takes and runs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from contracts.base import Stream
from shared.db import DB
from shared.ledger.facts import Job


async def enqueue(db: DB, jobs: Sequence[Job], counterparts: Mapping[str, str]) -> None:
    """Adds the jobs, in the caller's transaction; one that is there already stays as it is."""
    if jobs:
        await db.execute(
            """insert into jobs (kind, stream_kind, stream_id, subject, counterpart)
               select * from unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[])
               on conflict do nothing""",
            [job.kind for job in jobs],
            [job.stream.kind for job in jobs],
            [job.stream.id for job in jobs],
            [job.subject for job in jobs],
            [counterparts[job.kind] for job in jobs],
        )


async def run_again(db: DB, job: Job, state: Mapping[str, Any]) -> bool:
    """A job that has ended is ready again, with this state; False when there is no such job, or it has not ended."""
    restarted = await db.fetchval(
        """update jobs set status = 'ready', attempts = 0, run_at = now(), claimed_until = null, finished_at = null,
             state = $4
           where kind = $1 and stream_id = $2 and subject = $3 and status <> 'ready' returning true""",
        job.kind,
        job.stream.id,
        job.subject,
        json.dumps(dict(state)),
    )
    return bool(restarted)


async def any_ready(db: DB, kind: str, stream: Stream, subjects: Collection[str]) -> bool:
    """Whether one of these jobs of the stream waits, or is being done."""
    exists: bool = await db.fetchval(
        """select exists (select from jobs
                          where kind = $1 and stream_id = $2 and subject = any($3) and status = 'ready')""",
        kind,
        stream.id,
        list(subjects),
    )
    return exists


async def sample_ready(db: DB, kind: str, limit: int) -> list[tuple[Stream, str]]:
    """A random sample of the jobs of this kind that wait: the stream and the subject of each."""
    rows = await db.fetch(
        """select stream_kind, stream_id, subject from jobs
           where kind = $1 and status = 'ready' order by random() limit $2""",
        kind,
        limit,
    )
    return [(Stream(row["stream_kind"], row["stream_id"]), row["subject"]) for row in rows]
