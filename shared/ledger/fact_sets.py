"""Operations on many sets of facts at once, which read none of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from contracts.base import Event, versions_of
from shared.db import DB


async def holding(db: DB, stream_ids: Collection[UUID], kind: type[Event]) -> set[UUID]:
    """Those of these streams that have a fact of this name. They stay locked until the transaction ends, so that no
    fact is added meanwhile. Their facts are not read, since reading them may fail."""
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
    """These streams are decided again by their timers at this business time, or earlier where a timer is due earlier. A
    stream that another transaction has locked is left out: waiting for it might be a deadlock."""
    await db.execute(
        """with free as (select id from streams where id = any($1) order by id for update skip locked)
           update streams set due_at = least(due_at, $2) from free where streams.id = free.id""",
        list(stream_ids),
        at,
    )


async def forget_all(db: DB) -> None:
    """Deletes every fact of every stream, for a service that builds all its data anew from the topics."""
    await db.execute("truncate facts, streams")
