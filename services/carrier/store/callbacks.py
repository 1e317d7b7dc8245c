"""Call-backs as they came, by their webhook id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.db import DB


@dataclass(frozen=True, slots=True)
class Callback:
    webhook_id: str
    tracking_number: str
    sealed_body: bytes | None


async def save(db: DB, callbacks: Sequence[Callback], days: int) -> set[str]:
    """Stores call-backs; the webhook ids that were new."""
    rows = await db.fetch(
        """insert into callbacks (webhook_id, tracking_number, body, keep_until)
           select id, number, body, now() + $4 * interval '1 day'
           from unnest($1::text[], $2::text[], $3::bytea[]) as c (id, number, body)
           order by id on conflict do nothing returning webhook_id""",
        [callback.webhook_id for callback in callbacks],
        [callback.tracking_number for callback in callbacks],
        [callback.sealed_body for callback in callbacks],
        days,
    )
    return {row["webhook_id"] for row in rows}


async def erase(db: DB, numbers: Sequence[str]) -> None:
    """Drops what was sent about these parcels; the webhook ids stay, so that a repeat is known."""
    await db.execute("update callbacks set body = null where tracking_number = any($1)", numbers)


async def drop_expired(db: DB) -> None:
    await db.execute("delete from callbacks where keep_until < now()")
