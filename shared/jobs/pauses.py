"""What is paused: counterparts, by an operator, and kinds of jobs, by the service itself, which has found that they
would all fail."""

from __future__ import annotations

from uuid import UUID

from shared.db import DB


async def pause(db: DB, counterpart: str) -> None:
    """No more calls to this counterpart; its jobs wait."""
    await db.execute("insert into paused (counterpart) values ($1) on conflict do nothing", counterpart)


async def resume(db: DB, counterpart: str) -> None:
    """Calls go on, and the jobs that waited are run."""
    await db.execute("delete from paused where counterpart = $1", counterpart)


async def is_paused(db: DB, counterpart: str) -> bool:
    return bool(await db.fetchval("select true from paused where counterpart = $1", counterpart))


async def pause_kind(db: DB, kind: str, stream_id: UUID) -> None:
    """Jobs of this kind wait, because of facts of this stream."""
    await db.execute(
        "insert into paused_kinds (kind, stream_id) values ($1, $2) on conflict do nothing", kind, stream_id
    )


async def resume_kind(db: DB, kind: str, stream_id: UUID) -> None:
    """This stream pauses them no longer. They go on once no stream does."""
    await db.execute("delete from paused_kinds where kind = $1 and stream_id = $2", kind, stream_id)


async def pausing_streams(db: DB, kind: str) -> list[UUID]:
    """The streams whose facts make jobs of this kind wait."""
    rows = await db.fetch("select stream_id from paused_kinds where kind = $1 order by stream_id", kind)
    return [row["stream_id"] for row in rows]
