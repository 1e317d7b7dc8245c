"""Generations: how a service notices that the broker has lost what it had acknowledged, and what it does then.

A partition of ours whose offsets step back, or whose log ends below the last acknowledged offset, has lost its tail.
Then its generation is raised, and all that the outbox keeps for it is sent again under the new number; by that number
readers see that offsets mean something else (`generation` header: `<number>@<first offset>`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from aiokafka import TopicPartition

from shared.db import DB
from shared.ledger import outbox
from shared.messaging.decoder import as_record
from shared.messaging.partition_log import LogProbe
from shared.telemetry import log

SLICE = 20_000


@dataclass(frozen=True, slots=True)
class LogEnd:
    """How far a partition of ours reaches, as acknowledged, and which generation of it this is."""

    highest: int = -1
    generation: int = 0
    start: int = 0


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


async def forgotten(pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe, publishes: Collection[str]) -> int:
    """How many events of ours the topics hold beyond the last acknowledged one that this database does not know.

    None after a crash between sending and marking, for the outbox has them; some after a restore from a backup.
    `publishes`: where its events stand, also a topic to which it had not written yet. None of a database that has never
    written to any: that is a new one.
    """
    if not await pool.fetchval("select exists (select from log_ends)"):
        return 0
    starts = await unacknowledged(pool, probe, publishes)
    found = {as_record(partition, raw).event_id async for partition, raw in probe.records_since(starts)}
    ids = found - {None}  # a record without an id is none of ours
    known = await pool.fetch("select event_id from outbox where event_id = any($1::uuid[])", list(ids))
    return len(ids - {row["event_id"] for row in known})


async def unacknowledged(
    pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe, publishes: Collection[str] = ()
) -> dict[TopicPartition, int]:
    """Where each log of ours goes on behind what this database knows of it: all partitions of the topics that it has
    ever written to, and of `publishes`."""
    rows = await pool.fetch("select topic, partition, highest_offset from log_ends")
    known = {TopicPartition(row["topic"], row["partition"]): row["highest_offset"] + 1 for row in rows}
    partitions = await probe.partitions(sorted({*publishes, *(partition.topic for partition in known)}))
    begins = await probe.beginnings(partitions) if partitions else {}
    return {partition: max(begins[partition], known.get(partition, 0)) for partition in partitions}
