"""Dead letters: list them, look at one, replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aiokafka import TopicPartition

from contracts.cases import CaseClosed
from shared.db import DB
from shared.records import Read, Record, order_id_of

if TYPE_CHECKING:
    import asyncpg

    from shared.service import Platform


class StillDead(Exception):
    """The letter could not be handled this time either; `cause` says why."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: int
    topic: str
    type: str | None
    order_id: UUID | None
    cause: str
    died_at: datetime
    replayed_at: datetime | None


async def find(db: DB | asyncpg.Pool[asyncpg.Record], *, waiting: bool = True, limit: int = 100) -> list[DeadLetter]:
    """The newest first; only those not replayed yet, unless `waiting` is False."""
    rows = await db.fetch(
        """select id, topic, type, order_id, cause, died_at, replayed_at from dead_letters
           where replayed_at is null or not $1 order by id desc limit $2""",
        waiting,
        limit,
    )
    return [DeadLetter(**dict(row)) for row in rows]


async def replay(platform: Platform, letter_id: int) -> None:
    """Handles the letter as if it came now, and closes its case; StillDead when it cannot be. LookupError: no such."""
    async with platform.ledger.transaction() as db:
        row = await db.fetchrow("select * from dead_letters where id = $1 for update", letter_id)
        if row is None or row["replayed_at"] is not None or row["partition"] < 0:
            raise LookupError(f"no dead letter {letter_id} waits for replay")
        record = _record(row)
        read = platform.decoder.read(record)
        if read.cause is not None:
            raise StillDead(read.cause)
        await platform.decoder.take_in(db, [read])
        await db.execute("update dead_letters set replayed_at = now() where id = $1", letter_id)
        await _close_case(platform, db, read)


async def _close_case(platform: Platform, db: DB, read: Read) -> None:
    order_id = order_id_of(read.record.key)
    if order_id is not None:
        case = platform.decoder.case_of(read.record)
        closed = CaseClosed(
            order_id=order_id, occurred_at=platform.clock.now(), case=case, kind="dead_letter", resolution="replayed"
        )
        await platform.ledger.say(db, [closed])


def _record(row: asyncpg.Record) -> Record:
    return Record(
        lane=TopicPartition(row["topic"], row["partition"]),
        offset=row["offset"],
        key=row["key"],
        body=row["body"],
        type=row["type"] or "",
        event_id=None,
        generation=row["generation"],
        generation_start=row["generation_start"],
        traceparent=None,
    )
