"""What a service measures of itself for Prometheus: cheap queries, made at intervals, never for a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

import asyncpg
from aiokafka.errors import KafkaError

from shared.db import TRANSIENT
from shared.loop import Loop
from shared.messaging import positions
from shared.messaging.generations import log_ends
from shared.messaging.partition_log import LogProbe
from shared.operations.state import ServiceState
from shared.supervise import Task
from shared.telemetry import metrics

WATCH_SECONDS = 2.0
LAG_SECONDS = 10.0


def loops(state: ServiceState) -> None:
    """The state of the loops, read when the metrics are requested, so that a loop that hangs cannot hide it."""
    metrics.blocked.set(state.blocked is not None)
    now = Loop.now()
    for loop in state.loops:
        metrics.loop_age.labels(loop.name).set(now - loop.last_tick)
        metrics.loop_trouble.labels(loop.name).set(loop.trouble is not None)
        metrics.loop_stopped.labels(loop.name).set(loop.stopped)


async def database(pool: asyncpg.Pool[asyncpg.Record], kinds: Collection[str]) -> None:
    """What waits: in the outbox, as a dead letter, as a job."""
    row = await pool.fetchrow(
        """select count(*) as depth, coalesce(extract(epoch from now() - min(recorded_at)), 0) as age,
                  (select count(*) from dead_letters where replayed_at is null and fate = 'failing') as dead,
                  (select count(*) from dead_letters where replayed_at is null and fate = 'newer') as parked,
                  (select count(*) from streams where large) as large
           from outbox where sent_at is null"""
    )
    if row is not None:
        metrics.outbox_depth.set(row["depth"])
        metrics.outbox_age.set(float(row["age"]))
        metrics.dead_letters_waiting.set(row["dead"])
        metrics.parked.set(row["parked"])
        metrics.large_streams.set(row["large"])
    await _jobs(pool, kinds)
    async with pool.acquire() as db:
        ends = await log_ends(db)
    for partition, end in ends.items():
        metrics.generation.labels(partition.topic, str(partition.partition)).set(end.generation)


async def _jobs(pool: asyncpg.Pool[asyncpg.Record], kinds: Collection[str]) -> None:
    ready = await pool.fetch(
        """select kind, count(*) as jobs, extract(epoch from now() - min(created_at)) as age
           from jobs where status = 'ready' group by kind"""
    )
    waiting = {row["kind"]: (row["jobs"], float(row["age"])) for row in ready}
    given_up = await pool.fetch(
        """select kind, count(*) as jobs from jobs
           where status = 'exhausted' and finished_at > now() - interval '1 day' group by kind"""
    )
    exhausted = {row["kind"]: row["jobs"] for row in given_up}
    for kind in kinds:
        jobs, age = waiting.get(kind, (0, 0.0))
        metrics.jobs_ready.labels(kind).set(jobs)
        metrics.jobs_age.labels(kind).set(age)
        metrics.jobs_exhausted.labels(kind).set(exhausted.get(kind, 0))
    paused = await pool.fetch("select counterpart from paused")
    metrics.paused.clear()
    for row in paused:
        metrics.paused.labels(row["counterpart"]).set(1)
    paused_kinds = {row["kind"] for row in await pool.fetch("select kind from paused_kinds")}
    for kind in kinds:
        metrics.paused_kinds.labels(kind).set(kind in paused_kinds)


async def lag(pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe, topics: Sequence[str]) -> int:
    """How far the positions are behind the logs' ends; of all partitions, whichever replica reads them. The sum."""
    ends = await probe.ends(await probe.partitions(topics))
    consumed = await positions.read(pool)
    behind = {partition: max(0, end - consumed.get(partition, 0)) for partition, end in ends.items()}
    for partition, records in behind.items():
        metrics.lag.labels(partition.topic, str(partition.partition)).set(records)
    return sum(behind.values())


async def watch(
    pool: asyncpg.Pool[asyncpg.Record],
    probe: LogProbe,
    state: ServiceState,
    kinds: Collection[str],
    publishes: Sequence[str],
    consumes: Sequence[str],
    loop: Loop,
) -> None:
    """Reads the state of database and broker, for readiness and metrics, until cancelled. `kinds`: of jobs."""
    measured = -LAG_SECONDS

    async def step() -> None:
        nonlocal measured
        await database(pool, kinds)
        await probe.ends(await probe.partitions(publishes))
        if loop.now() - measured > LAG_SECONDS:
            state.lag = await lag(pool, probe, consumes)
            measured = loop.now()

    await loop.repeat(step, WATCH_SECONDS, (KafkaError, *TRANSIENT))


def every(seconds: float, measure: Callable[[], Awaitable[None]]) -> Task:
    """A task of a service: measures so often, in real time, until cancelled."""

    async def gauges(loop: Loop) -> None:
        await loop.repeat(lambda: loop.while_waiting(measure()), seconds, pause=seconds)

    return Task("gauges", gauges)
