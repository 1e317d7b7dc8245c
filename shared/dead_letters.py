"""Dead letters: list them, look at one, replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aiokafka import TopicPartition

from contracts.cases import CaseClosed
from shared import outbox
from shared.db import DB
from shared.records import Read, Record, order_id_of

if TYPE_CHECKING:
    import asyncpg

    from shared.service import Platform


UNSENT = -1
"""The partition of a letter that never left: its offset is its outbox row's id, its generation counts the tries."""


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
    """Handles the letter as if it came now, and closes its case; StillDead when it cannot be. LookupError: no such.

    An event of ours that the broker refused is sent again: it becomes another letter if the broker still refuses it.
    """
    async with platform.ledger.transaction() as db:
        row = await db.fetchrow("select * from dead_letters where id = $1 for update", letter_id)
        if row is None or row["replayed_at"] is not None:
            raise LookupError(f"no dead letter {letter_id} waits for replay")
        record = _record(row)
        if row["partition"] == UNSENT:
            await outbox.send_again(db, row["offset"])
            await db.execute("update dead_letters set replayed_at = now() where id = $1", letter_id)
            await _close_case(platform, db, record)
            return
        read = platform.decoder.read(record)
        if read.cause is not None:
            raise StillDead(read.cause)
        await platform.decoder.take_in(db, [read])
        await db.execute("update dead_letters set replayed_at = now() where id = $1", letter_id)
        await _close_case(platform, db, record)


async def bury_refused(platform: Platform, row: asyncpg.Record) -> None:
    """A row of the outbox that is too large for the broker becomes a dead letter with a case on its order; another one
    each time it is sent again."""
    async with platform.ledger.transaction() as db:
        before = await db.fetchval(
            """select count(*) from dead_letters where topic = $1 and partition = $2 and "offset" = $3""",
            row["topic"],
            UNSENT,
            row["id"],
        )
        record = Record(
            lane=TopicPartition(row["topic"], UNSENT),
            offset=row["id"],
            key=row["key"].encode(),
            body=None if row["body"] is None else row["body"].encode(),
            type=row["type"],
            event_id=row["event_id"],
            generation=before,
            generation_start=0,
            traceparent=row["traceparent"],
        )
        await db.execute("update outbox set sent_at = now() where id = $1", row["id"])
        await platform.decoder.bury(db, [Read(record, cause="refused by the broker: too large")])


async def _close_case(platform: Platform, db: DB, record: Record) -> None:
    order_id = order_id_of(record.key)
    if order_id is not None:
        case = platform.decoder.case_of(record)
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
