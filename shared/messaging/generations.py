"""Generations: how a service notices that the broker has lost what it had acknowledged, and what it does then.

A partition of ours whose offsets step back, or whose log ends below the last acknowledged offset, has lost its tail.
Then its generation is raised, and all that the outbox keeps for it is sent again under the new number; by that number
readers see that offsets mean something else (`generation` header: `<number>@<first offset>`), and go back to where it
begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import asyncpg
from aiokafka import TopicPartition

from shared.db import DB
from shared.ledger import outbox
from shared.messaging.partition_log import LogProbe
from shared.telemetry import log

SLICE = 20_000
GENERATIONS_AT_ONCE = 100
"""A producer raises a generation by one; a reader may have missed some."""
_MARK = re.compile(rb"([0-9]{1,9})@([0-9]{1,18})")
MARK_LENGTH = 29
"""One more character than a mark can have."""
_CACHED_MARKS = 1024


@dataclass(frozen=True, slots=True)
class LogEnd:
    """How far a partition of ours reaches, as acknowledged, and which generation of it this is."""

    highest: int = -1
    generation: int = 0
    start: int = 0

    @property
    def mark(self) -> str:
        """The header `generation` of what is sent now."""
        return f"{self.generation}@{self.start}"


class Marked(Protocol):
    """A record as a reader has it."""

    @property
    def partition(self) -> TopicPartition: ...
    @property
    def offset(self) -> int: ...
    @property
    def generation(self) -> int: ...
    @property
    def generation_start(self) -> int: ...


async def log_ends(db: DB) -> dict[TopicPartition, LogEnd]:
    """How far each partition that this service has written to reaches, as far as the broker has acknowledged."""
    rows = await db.fetch("select topic, partition, highest_offset, generation, generation_start from log_ends")
    return {
        TopicPartition(row["topic"], row["partition"]): LogEnd(
            row["highest_offset"], row["generation"], row["generation_start"]
        )
        for row in rows
    }


def steps_back(offsets: Sequence[int], end: LogEnd) -> int | None:
    """The first of these offsets, acknowledged after `end`, that steps back: what shows that the log lost its tail."""
    last = end.highest
    for offset in offsets:
        if offset <= last:  # also between two batches of one round, for aiokafka repeats by itself
            return offset
        last = offset
    return None


async def advance(
    db: DB, acknowledged: Mapping[TopicPartition, Sequence[int]], ends: Mapping[TopicPartition, LogEnd]
) -> bool:
    """The broker has acknowledged these offsets, after `ends`. True when one of them stepped back: then that partition
    has a new generation, and its rows are due again."""
    highest: dict[TopicPartition, int] = {}
    raised = False
    for partition, offsets in sorted(acknowledged.items()):
        end = ends.get(partition, LogEnd())
        if (start := steps_back(offsets, end)) is not None:
            await raise_generation(db, partition, end, start)
            raised = True
        else:
            highest[partition] = offsets[-1]
    if highest:
        await db.execute(
            """insert into log_ends (topic, partition, highest_offset)
               select topic, partition, highest from unnest($1::text[], $2::int[], $3::bigint[])
                                                     as a (topic, partition, highest)
               on conflict (topic, partition)
               do update set highest_offset = greatest(log_ends.highest_offset, excluded.highest_offset)""",
            [partition.topic for partition in highest],
            [partition.partition for partition in highest],
            list(highest.values()),
        )
    return raised


async def raise_generation(db: DB, partition: TopicPartition, end: LogEnd, start: int) -> None:
    """The broker lost acknowledged records: all that is kept for this partition is sent again, newly marked."""
    await db.execute("set local synchronous_commit = on")  # no number of a generation is given twice
    await db.execute(
        """insert into log_ends (topic, partition, highest_offset, generation, generation_start)
           values ($1, $2, $3, $4, $5)
           on conflict (topic, partition) do update set highest_offset = excluded.highest_offset,
           generation = excluded.generation, generation_start = excluded.generation_start""",
        partition.topic,
        partition.partition,
        start - 1,
        end.generation + 1,
        start,
    )
    await outbox.forget_floor(db)
    again = 0
    slice_end: int | None = 0
    while slice_end is not None:  # in slices, each of which ends long before the time-out of a statement
        [(slice_end, marked)] = await db.fetch(
            """with again as (
                   update outbox set sent_at = null where id in (
                       select id from outbox where id > $3 and topic = $1 and partition = $2
                       and sent_at is not null order by id limit $4)
                   returning id)
               select max(id), count(*) from again""",
            partition.topic,
            partition.partition,
            slice_end,
            SLICE,
        )
        again += marked
    log.warning(
        "broker lost records; sending again",
        topic=partition.topic,
        partition=partition.partition,
        generation=end.generation + 1,
        again=again,
    )


async def notice_lost_tail(pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe, lock: int) -> None:
    """A log that ends below what was acknowledged has lost its tail, even if nothing new is to be sent.

    `lock`: the advisory lock under which generations are raised.
    """
    async with pool.acquire() as db:
        ends = await log_ends(db)
    if not ends:
        return
    actual = await probe.ends(ends)
    for partition, end in ends.items():
        if actual[partition] <= end.highest:
            async with pool.acquire() as db, db.transaction():
                if not await db.fetchval("select pg_try_advisory_xact_lock($1)", lock):
                    return
                current = (await log_ends(db))[partition]
                if current == end:
                    await raise_generation(db, partition, end, start=actual[partition])


async def take_over_end(db: DB, record: Marked) -> None:
    """The last record of ours on a partition, as a database reads it that was restored from before."""
    await db.execute(
        """insert into log_ends (topic, partition, highest_offset, generation, generation_start)
           values ($1, $2, $3, $4, $5)
           on conflict (topic, partition) do update set highest_offset = excluded.highest_offset,
             generation = greatest(log_ends.generation, excluded.generation),
             generation_start = case when excluded.generation > log_ends.generation
                                     then excluded.generation_start else log_ends.generation_start end""",
        record.partition.topic,
        record.partition.partition,
        record.offset,
        record.generation,
        record.generation_start,
    )


@lru_cache(_CACHED_MARKS)
def read_mark(header: bytes) -> tuple[int, int]:
    """The generation that a record states, and where it begins; 0 for none. `header`: its first MARK_LENGTH bytes."""
    stated = _MARK.fullmatch(header)
    return (int(stated[1]), int(stated[2])) if stated else (0, 0)


def is_absurd(record: Marked, known: int) -> bool:
    """Whether this record states a generation that its partition cannot have come to. `known`: the reader's."""
    if record.generation <= known:
        return False
    return record.generation > known + GENERATIONS_AT_ONCE or record.generation_start > record.offset


def is_newer(record: Marked, known: int) -> bool:
    """Whether this record belongs to a generation that its partition can have come to since."""
    return record.generation > known and not is_absurd(record, known)


def reads_from(position: int, newer: Marked) -> int:
    """Where a reader goes on that meets a record of a newer generation: back to where that begins. One that has not
    come so far yet stays where it is, for what lies before is still to be read."""
    return min(position, newer.generation_start)
