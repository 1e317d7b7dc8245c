"""Jobs that a decision asks for, as rows that `shared.jobs` works off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.db import DB
from shared.ledger.facts import Job


async def enqueue(db: DB, outputs: Sequence[Job], counterparts: Mapping[str, str]) -> None:
    """Adds the jobs, in the caller's transaction; one that is there already stays as it is."""
    if outputs:
        await db.execute(
            """insert into jobs (kind, order_id, subject, counterpart)
               select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) on conflict do nothing""",
            [job.kind for job in outputs],
            [job.order_id for job in outputs],
            [job.subject for job in outputs],
            [counterparts[job.kind] for job in outputs],
        )
