"""Jobs that a process had claimed when it died: nobody calls for them until their lease has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tests.support.stores import Stores


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    kind: str
    stream_id: UUID
    subject: str
    attempts: int


async def claimed_jobs(stores: Stores, service: str) -> list[ClaimedJob]:
    """Those that are claimed now."""
    rows = await stores.rows(
        service,
        """select kind, stream_id, subject, attempts from jobs
           where status = 'ready' and claimed_until > now()""",
    )
    return [ClaimedJob(**row) for row in rows]


async def still_claimed(stores: Stores, service: str, jobs: Sequence[ClaimedJob]) -> list[str]:
    """Which of these were neither claimed again nor ended since, in words."""
    if not jobs:
        return []
    rows = await stores.rows(
        service,
        """select jobs.kind, jobs.subject from jobs
           join unnest($1::text[], $2::uuid[], $3::text[], $4::int[]) as c (kind, stream_id, subject, attempts)
                using (kind, stream_id, subject, attempts)
           where status = 'ready' and claimed_until is not null""",
        [job.kind for job in jobs],
        [job.stream_id for job in jobs],
        [job.subject for job in jobs],
        [job.attempts for job in jobs],
    )
    return [f"{service}: {row['kind']} {row['subject']} is still claimed" for row in rows]
