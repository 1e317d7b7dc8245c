"""The outbox: what a service publishes, on its way to the broker.

`publish` writes rows in the caller's transaction; the relay sends them afterwards, again if need be. Every event
leaves at least once and, within a stream, in the order of its commit; consumers absorb repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition
from aiokafka.partitioner import murmur2

from contracts.base import PARTITIONS, Event
from shared.db import DB

SLICE = 20_000
CACHED_KEYS = 16_384
"""Keys whose partition is cached: a stream's facts all have the same one."""


class Message(NamedTuple):
    """A record to be sent. `body` None erases the key on a compacted topic."""

    topic: str
    key: str
    event_id: UUID
    type: str
    body: str | None
    traceparent: str | None = None


RECORD_BYTES = 880_000
"""Bytes of a record at most: key, body, and 1 KiB for its headers. Less than the relay puts into one batch."""
HEADER_BYTES = 1024


class TooLarge(Exception):
    """A message that is too large for the broker; its transaction must not be committed."""

    def __init__(self, event_type: str, size: int) -> None:
        super().__init__(f"{event_type} has {size} bytes; a record has {RECORD_BYTES} at the most")


async def publish(db: DB, messages: Sequence[Message]) -> None:
    """Adds the messages to the outbox, in the caller's transaction. Raises TooLarge."""
    for message in messages:
        if message.body is not None and len(message.body) > RECORD_BYTES // 4:  # four bytes a character at the most
            size = len(message.body.encode()) + len(message.key) + HEADER_BYTES
            if size > RECORD_BYTES:
                raise TooLarge(message.type, size)
    if messages:
        await db.execute(
            """insert into outbox (topic, partition, key, event_id, type, body, traceparent)
               select topic, partition, key, event_id, type, body, traceparent
               from unnest($1::text[], $2::int[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
                    as m (topic, partition, key, event_id, type, body, traceparent)""",
            [m.topic for m in messages],
            [partition_of(m.key) for m in messages],
            [m.key for m in messages],
            [m.event_id for m in messages],
            [m.type for m in messages],
            [m.body for m in messages],
            [m.traceparent for m in messages],
        )


def headers(
    event_id: UUID, event_type: str, source: str, key: str, generation: str, traceparent: str | None
) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0, Kafka binding, binary mode; `generation` lets a consumer notice that the log lost its tail."""
    fields = {
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_type": event_type,
        "ce_source": f"/silkpost/{source}",
        "ce_subject": f"{kind.KIND}/{key}" if (kind := Event.BY_TYPE.get(event_type)) else key,
        "content-type": "application/json",
        "generation": generation,
    }
    if traceparent:
        fields["traceparent"] = traceparent
    return [(name, value.encode()) for name, value in fields.items()]


@lru_cache(CACHED_KEYS)
def partition_of(key: str, partitions: int = PARTITIONS) -> int:
    """Where Kafka's default partitioner puts this key."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions


async def raise_floor(pool: asyncpg.Pool[asyncpg.Record], partitions: Sequence[TopicPartition]) -> None:
    """Remembers up to which id every row is sent, so that the search for unsent rows begins there.

    A lower id may be committed after a higher one was sent. So the floor rises in two steps: the highest id below
    which nothing unsent is visible becomes the candidate; it becomes the floor, as far as nothing unsent is visible
    below it then, when every transaction has ended whose number is lower than that of the one which chose it.
    Transactions have their number before they take an id of the outbox: the ledger locks streams first. A number from
    the future is that of another cluster, from a backup: a candidate is chosen anew.
    """
    await pool.execute(
        """with seen as (
               select coalesce(min(unsent.id) - 1, (select max(id) from outbox), 0) as sent_up_to
               from unnest($1::text[], $2::int[]) as wanted (topic, partition) cross join lateral (
                   select id from outbox
                   where topic = wanted.topic and partition = wanted.partition and sent_at is null
                     and id > (select sent_up_to from outbox_floor) order by id limit 1) as unsent)
           update outbox_floor
           set sent_up_to = case when candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())
                                 then greatest(outbox_floor.sent_up_to, least(candidate, seen.sent_up_to))
                                 else outbox_floor.sent_up_to end,
               candidate = seen.sent_up_to, candidate_xid = pg_current_xact_id()
           from seen where candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())
                        or candidate_xid > pg_snapshot_xmax(pg_current_snapshot())""",
        [partition.topic for partition in partitions],
        [partition.partition for partition in partitions],
    )


async def send_again(db: DB, row_id: int) -> bool:
    """This row is due again; False when it is no longer there (`RETENTION_DAYS`)."""
    await forget_floor(db)
    return await db.fetchval("update outbox set sent_at = null where id = $1 returning true", row_id) is not None


async def drop_bodies(db: DB, topic: str, keys: Sequence[str], event_type: str) -> None:
    """Of these keys of a compacted topic, every row that waits or may be sent again becomes an erasure of this type."""
    await db.execute(
        "update outbox set body = null, type = $3 where topic = $1 and key = any($2)", topic, list(keys), event_type
    )


async def replace_bodies(db: DB, topic: str, bodies: Mapping[str, str]) -> None:
    """Of these keys of a compacted topic, every row that waits or may be sent again gets these bodies; erasures
    stay."""
    await db.execute(
        """update outbox set body = b.body from unnest($2::text[], $3::text[]) as b (key, body)
           where outbox.topic = $1 and outbox.key = b.key and outbox.body is not null""",
        topic,
        list(bodies),
        list(bodies.values()),
    )


async def forget_floor(db: DB) -> None:
    """Sets the floor to 0, in the transaction that marks rows as not sent, so that they are found."""
    await db.execute("update outbox_floor set sent_up_to = 0, candidate = 0, candidate_xid = '0'")


async def republish(pool: asyncpg.Pool[asyncpg.Record], since: datetime) -> int:
    """Marks the rows recorded since then as not sent; returns their number. In slices, so that no statement takes too
    long."""
    marked, seen = 0, 0
    while True:
        async with pool.acquire() as db, db.transaction():
            await forget_floor(db)
            [(last, again)] = await db.fetch(
                """with slice as (select id, recorded_at, sent_at from outbox where id > $2 order by id limit $3),
                        again as (update outbox set sent_at = null from slice where outbox.id = slice.id
                                  and slice.recorded_at >= $1 and slice.sent_at is not null returning 1)
                   select max(id), (select count(*) from again) from slice""",
                since,
                seen,
                SLICE,
            )
        if last is None:
            return marked
        marked, seen = marked + again, last
