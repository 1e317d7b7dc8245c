"""Dead letters: list them, look at one, replay. The same for the command line and over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aiokafka import TopicPartition

from contracts.cases import CaseClosed
from shared import persons
from shared.db import DB, TRANSIENT
from shared.records import Read, Record, order_id_of
from shared.telemetry import describe

if TYPE_CHECKING:
    import asyncpg

    from shared.service import Platform

BODY_SHOWN = 64 * 1024
"""Bytes of a body; no event of ours is longer."""
_FIELDS = 'id, topic, partition, "offset", type, order_id, cause, died_at, replayed_at'


class StillDead(Exception):
    """The letter could not be handled this time either; `cause` says why."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class NoLetter(Exception):
    """There is no such letter."""


_NOT_THE_LETTERS: tuple[type[Exception], ...] = (StillDead, NoLetter, *TRANSIENT)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: int
    topic: str
    partition: int
    """Below 0: the broker refused it, so that it never was a record."""
    offset: int
    type: str | None
    order_id: UUID | None
    cause: str
    died_at: datetime
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Body:
    """What a letter holds."""

    text: str | None
    """None when it is empty, or not shown."""
    size: int
    """In bytes."""
    withheld: bool
    """A person's record is shown to nobody, sealed as it is."""


async def find(
    db: DB | asyncpg.Pool[asyncpg.Record], *, waiting: bool = True, before: int | None = None, limit: int = 100
) -> list[DeadLetter]:
    """The newest first, from the one before this id on; only those not replayed yet, unless `waiting` is False."""
    rows = await db.fetch(
        f"""select {_FIELDS} from dead_letters
            where (replayed_at is null or not $1) and ($2::bigint is null or id < $2) order by id desc limit $3""",
        waiting,
        before,
        limit,
    )
    return [_letter(row) for row in rows]


async def look(db: DB | asyncpg.Pool[asyncpg.Record], letter_id: int) -> tuple[DeadLetter, Body]:
    """One letter with its body. NoLetter: no such."""
    row = await db.fetchrow(
        f"""select {_FIELDS}, coalesce(length(body), 0) as size, substring(body for $2) as body
            from dead_letters where id = $1""",
        letter_id,
        BODY_SHOWN,
    )
    if row is None:
        raise NoLetter(f"there is no dead letter {letter_id}")
    withheld = row["topic"] == persons.TOPIC
    text = None if withheld or row["body"] is None else row["body"].decode("utf-8", "replace")
    return _letter(row), Body(text, row["size"], withheld)


async def replay(platform: Platform, letter_id: int) -> DeadLetter:
    """Handles the letter as if it came now, and closes its case; one that was replayed stays as it is.

    StillDead when it cannot be handled. NoLetter: no such.
    """
    try:
        async with platform.ledger.transaction() as db:
            row = await db.fetchrow("select * from dead_letters where id = $1 for update", letter_id)
            if row is None:
                raise NoLetter(f"there is no dead letter {letter_id}")
            if row["replayed_at"] is None:
                await _handle(platform, db, row)
            known = await db.fetchrow(f"select {_FIELDS} from dead_letters where id = $1", letter_id)
            assert known is not None  # noqa: S101  # locked above
            return _letter(known)
    except _NOT_THE_LETTERS:
        raise
    except Exception as error:
        raise StillDead(describe(error)) from error


async def _handle(platform: Platform, db: DB, row: asyncpg.Record) -> None:
    if row["partition"] < 0:
        raise StillDead(f"{row['cause']}; the event never left, so there is nothing to replay")
    read = platform.decoder.read(_record(row))
    if read.cause is not None:
        raise StillDead(read.cause)
    await platform.decoder.take_in(db, [read])
    await db.execute("update dead_letters set replayed_at = now() where id = $1", row["id"])
    await _close_case(platform, db, read)


async def _close_case(platform: Platform, db: DB, read: Read) -> None:
    order_id = order_id_of(read.record.key)
    if order_id is not None:
        case = platform.decoder.case_of(read.record)
        closed = CaseClosed(order_id=order_id, occurred_at=platform.clock.now(), case=case, resolution="replayed")
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


def _letter(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(**{name: row[name] for name in DeadLetter.__slots__})
