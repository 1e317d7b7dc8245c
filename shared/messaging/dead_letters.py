"""Dead letters: list them, look at one, replay. The same for the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition

from shared.clock import Clock
from shared.db import DB, TRANSIENT
from shared.ledger import outbox
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.messaging.decoder import UNKNOWN_NAME, Decoded, Decoder, Fate, Record
from shared.telemetry import describe, log

BODY_SHOWN = 64 * 1024
"""Bytes of a body."""
PARKED_SECONDS = 10.0
"""Seconds between two searches for records that an older replica may have parked."""
_FIELDS = 'id, topic, partition, "offset", type, stream_kind, stream_id, cause, fate, died_at, replayed_at'


UNSENT = -1
"""The partition of a letter that never left: its offset is its outbox row's id, its generation counts the tries."""


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
    stream_kind: str | None
    stream_id: UUID | None
    """As its key states; the kind follows from the type, where that is known."""
    cause: str
    fate: Fate
    died_at: datetime
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a dead letter."""

    text: str | None
    """None when it is empty, or not shown."""
    size: int
    """In bytes."""
    withheld: bool
    """The records of keepers (a person's record) are never shown, though they are sealed."""


async def find(
    db: DB | asyncpg.Pool[asyncpg.Record], *, waiting: bool = True, before: int | None = None, limit: int = 100
) -> list[DeadLetter]:
    """The newest first, those below this id; only those that wait for a replay, unless `waiting` is False. Foreign
    records wait for none."""
    rows = await db.fetch(
        f"""select {_FIELDS} from dead_letters
            where ((replayed_at is null and fate <> 'foreign') or not $1) and ($2::bigint is null or id < $2)
            order by id desc limit $3""",
        waiting,
        before,
        limit,
    )
    return [_letter(row) for row in rows]


async def drop_bodies(db: DB, topic: str, stream_ids: Sequence[UUID]) -> None:
    """Deletes the bodies of the dead letters of one topic that are about these streams."""
    await db.execute(
        "update dead_letters set body = null where topic = $1 and stream_id = any($2)", topic, list(stream_ids)
    )


class DeadLetters:
    """The dead letters of one service: replays them, and adds what the broker refused."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, decoder: Decoder, clock: Clock) -> None:
        self._pool = pool
        self._ledger = ledger
        self._decoder = decoder
        self._clock = clock

    async def look(self, letter_id: int) -> tuple[DeadLetter, Body]:
        """One letter with its body. NoLetter: no such."""
        row = await self._pool.fetchrow(
            f"""select {_FIELDS}, coalesce(length(body), 0) as size, substring(body for $2) as body
                from dead_letters where id = $1""",
            letter_id,
            BODY_SHOWN,
        )
        if row is None:
            raise NoLetter(f"there is no dead letter {letter_id}")
        withheld = row["topic"] in self._decoder.keepers
        text = None if withheld or row["body"] is None else row["body"].decode("utf-8", "replace")
        return _letter(row), Body(text, row["size"], withheld)

    async def replay(self, letter_id: int) -> DeadLetter:
        """Handles the letter as if it came now, and publishes that it was handled; one that was replayed stays as it
        is.

        An event of this service that the broker refused is sent again: it becomes another letter if the broker still
        refuses it. Raises StillDead when it cannot be handled, NoLetter when there is none.
        """

        async def work(db: DB) -> DeadLetter:
            row = await db.fetchrow(
                f"""select {_FIELDS}, generation, generation_start, key, body from dead_letters
                    where id = $1 for update""",
                letter_id,
            )
            if row is None:
                raise NoLetter(f"there is no dead letter {letter_id}")
            if row["replayed_at"] is None:
                await self._handle(db, row)
            known = await db.fetchrow(f"select {_FIELDS} from dead_letters where id = $1", letter_id)
            assert known is not None  # noqa: S101  # locked above
            return _letter(known)

        try:
            return await self._ledger.run(work)
        except _NOT_THE_LETTERS:
            raise
        except Exception as error:
            raise StillDead(describe(error)) from error

    async def _handle(self, db: DB, row: asyncpg.Record) -> None:
        record = _record(row)
        if row["partition"] != UNSENT:
            read = self._decoder.read(record)
            if read.cause is not None:
                raise StillDead(read.cause)
            await self._decoder.apply(db, [read])
        await db.execute("update dead_letters set replayed_at = now() where id = $1", row["id"])
        if row["fate"] == "failing":
            await self._ledger.publish(db, self._decoder.replayed(record))
        # Last, for this lock holds up the relay until the commit.
        if row["partition"] == UNSENT and not await outbox.send_again(db, row["offset"]):
            raise StillDead("the outbox does not hold the event any more")

    async def keep_replaying_parked(self, loop: Loop) -> None:
        """At the start and again and again, until cancelled: while two releases run beside each other, replicas of the
        older one park what this one knows."""
        await loop.repeat(lambda: loop.while_waiting(self.replay_parked()), PARKED_SECONDS)

    async def replay_parked(self) -> None:
        """Handles the records that came from a newer release, where this release knows them: those of a version that
        the older one could not read, and those of a name that it did not know. A record that still cannot be handled is
        failing from then on, and becomes a case; a foreign record stays foreign."""
        rows = await self._pool.fetch(
            """select id, fate from dead_letters
               where (fate = 'newer' or (fate = 'foreign' and cause = $2)) and replayed_at is null and type = any($1)
               order by id""",
            list(self._decoder.types),
            UNKNOWN_NAME,
        )
        for row in rows:
            try:
                await self.replay(row["id"])
            except StillDead as still:
                if row["fate"] == "foreign":
                    await self._pool.execute("update dead_letters set cause = $2 where id = $1", row["id"], still.cause)
                    continue
                log.error("a parked record cannot be handled", letter=row["id"], error=still)
                async with self._ledger.transaction() as db:
                    letter = await db.fetchrow(
                        f"""update dead_letters set fate = 'failing', cause = $2 where id = $1 and replayed_at is null
                            returning {_FIELDS}, generation, generation_start, key, body""",
                        row["id"],
                        still.cause,
                    )
                    if letter is not None:
                        await self._decoder.report(db, _record(letter))

    async def add_refused(self, row: asyncpg.Record) -> None:
        """A row of the outbox that is too large for the broker becomes a dead letter and a case; another one each time
        it is sent again."""
        async with self._ledger.transaction() as db:
            ours = await db.fetchval(
                "update outbox set sent_at = now() where id = $1 and sent_at is null returning true", row["id"]
            )
            if ours is None:  # a replica has stored it as a letter already
                return
            before = await db.fetchval(
                """select count(*) from dead_letters where topic = $1 and partition = $2 and "offset" = $3""",
                row["topic"],
                UNSENT,
                row["id"],
            )
            record = Record(
                partition=TopicPartition(row["topic"], UNSENT),
                offset=row["id"],
                key=row["key"].encode(),
                body=None if row["body"] is None else row["body"].encode(),
                type=row["type"],
                id_header=str(row["event_id"]).encode(),
                generation=before,
                generation_start=0,
                traceparent=row["traceparent"],
            )
            await self._decoder.dead_letter(db, [Decoded(record, cause="refused by the broker: too large")])


def _record(row: asyncpg.Record) -> Record:
    return Record(
        partition=TopicPartition(row["topic"], row["partition"]),
        offset=row["offset"],
        key=row["key"],
        body=row["body"],
        type=row["type"] or "",
        id_header=None,
        generation=row["generation"],
        generation_start=row["generation_start"],
        traceparent=None,
    )


def _letter(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(**{name: row[name] for name in DeadLetter.__slots__})
