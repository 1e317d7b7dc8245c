"""Call-backs as they came, by their webhook id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.carrier.store.numbers import Numbers, columns
from shared.db import DB
from shared.sealing import SealedColumn


def sealing_place(carrier: str, webhook_id: str) -> str:
    """The place to which a call-back is sealed."""
    return f"callback:{carrier}:{webhook_id}"


_KEY = ("carrier", "webhook_id")
SEALED = SealedColumn("STORAGE_KEY", "callbacks", "body", key=_KEY, place=sealing_place, placed_by=_KEY)


@dataclass(frozen=True, slots=True)
class Callback:
    carrier: str
    webhook_id: str
    tracking_number: str
    sealed_body: bytes | None


async def save(db: DB, callbacks: Sequence[Callback], days: int) -> set[tuple[str, str]]:
    """Stores call-backs; carrier and webhook id of those that were new."""
    rows = await db.fetch(
        """insert into callbacks (carrier, webhook_id, tracking_number, body, keep_until)
           select carrier, id, number, body, now() + $5 * interval '1 day'
           from unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) as c (carrier, id, number, body)
           order by carrier, id on conflict do nothing returning carrier, webhook_id""",
        [callback.carrier for callback in callbacks],
        [callback.webhook_id for callback in callbacks],
        [callback.tracking_number for callback in callbacks],
        [callback.sealed_body for callback in callbacks],
        days,
    )
    return {(row["carrier"], row["webhook_id"]) for row in rows}


async def erase(db: DB, parcels: Numbers) -> None:
    """Drops what was sent about these parcels; the webhook ids stay, so that a repeat is known."""
    await db.execute(
        """update callbacks c set body = null from unnest($1::text[], $2::text[]) as p (carrier, number)
           where c.carrier = p.carrier and c.tracking_number = p.number""",
        *columns(parcels),
    )


async def drop_expired(db: DB) -> None:
    await db.execute("delete from callbacks where keep_until < now()")
