"""Cases about vendors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from services.makers.domain.cases import Case, opened, settled
from shared.db import DB

_CASE = f"select {', '.join(field.name for field in fields(Case))} from cases"


async def open_all(db: DB, cases: Sequence[Case]) -> None:
    """One that is open stays as it is; one that was settled opens again."""
    await db.executemany(
        """insert into cases (id, vendor_id, kind, about, opened_at, due_at, reason)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (id) do update set
               opened_at = excluded.opened_at, due_at = excluded.due_at, reason = excluded.reason,
               closed_at = null, resolution = null, decided_by = null
           where cases.closed_at is not null""",
        [(case.id, case.vendor_id, case.kind, case.about, case.opened_at, case.due_at, case.reason) for case in cases],
    )


async def close(db: DB, case: Case) -> None:
    await db.execute(
        "update cases set closed_at = $2, resolution = $3, decided_by = $4 where id = $1 and closed_at is null",
        case.id,
        case.closed_at,
        case.resolution,
        case.decided_by,
    )


async def close_about(
    db: DB, vendor_id: UUID, kind: str, about: str, resolution: str, by: str | None, now: datetime
) -> None:
    """The case about this, if it is open."""
    await close(db, settled(opened(vendor_id, kind, about, now), resolution, by, now))


async def close_kinds(
    db: DB, vendor_id: UUID, kinds: Sequence[str], resolution: str, by: str | None, now: datetime
) -> None:
    """The vendor's open cases of these kinds."""
    await db.execute(
        """update cases set closed_at = $3, resolution = $4, decided_by = $5
           where vendor_id = $1 and kind = any($2) and closed_at is null""",
        vendor_id,
        list(kinds),
        now,
        resolution,
        by,
    )


async def find(db: DB, case_id: UUID) -> Case | None:
    row = await db.fetchrow(f"{_CASE} where id = $1", case_id)
    return Case(**row) if row else None


async def of_vendors(db: DB, vendor_ids: Sequence[UUID], kinds: Sequence[str]) -> list[Case]:
    """Of these kinds, open or closed."""
    rows = await db.fetch(
        f"{_CASE} where vendor_id = any($1) and kind = any($2) order by opened_at, id", list(vendor_ids), list(kinds)
    )
    return [Case(**row) for row in rows]


async def list_open(
    db: DB, kind: str | None, vendor_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Case]:
    """The oldest first."""
    rows = await db.fetch(
        f"""{_CASE} where closed_at is null and ($1::text is null or kind = $1)
              and ($2::uuid is null or vendor_id = $2)
              and ($3::timestamptz is null or (opened_at, id) > ($3, $4::uuid))
            order by opened_at, id limit $5""",
        kind,
        vendor_id,
        *(after or (None, None)),
        limit,
    )
    return [Case(**row) for row in rows]
