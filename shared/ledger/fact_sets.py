"""What concerns many sets of facts at once and needs none of them read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from contracts.base import Event, versions_of
from shared.db import DB


async def holding(db: DB, stream_ids: Collection[UUID], kind: type[Event]) -> set[UUID]:
    """Those of these streams of which a fact of this name is known. They stay locked until the transaction ends, so
    that no other one is added meanwhile. Their facts are not read, which may fail."""
    await db.execute("select from streams where id = any($1) order by id for update", list(stream_ids))
    rows = await db.fetch(
        "select stream_id from facts where stream_id = any($1) and type = any($2)",
        list(stream_ids),
        list(versions_of(kind)),
    )
    return {row["stream_id"] for row in rows}


async def consumed(db: DB) -> dict[UUID, int]:
    """How many facts of each stream were consumed."""
    rows = await db.fetch("select stream_id, count(*) as facts from facts where not published group by stream_id")
    return {row["stream_id"]: row["facts"] for row in rows}


async def decide_again(db: DB, stream_ids: Collection[UUID], at: datetime) -> None:
    """These streams are decided again by their timers at this business time, or when they would be anyhow if that is
    earlier. One that another transaction holds is left out: waiting for it might be a deadlock."""
    await db.execute(
        """with free as (select id from streams where id = any($1) order by id for update skip locked)
           update streams set due_at = least(due_at, $2) from free where streams.id = free.id""",
        list(stream_ids),
        at,
    )


async def forget_all(db: DB) -> None:
    """Every fact of every stream: what a service does that builds all it has anew from the topics."""
    await db.execute("truncate facts, streams")
