"""The loops every service runs beside its consumer and relay: broker watch, alarms, pruning."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aiokafka.errors import KafkaError

from shared.db import DB, TRANSIENT
from shared.ledger.facts import DecisionContext
from shared.loop import Loop
from shared.messaging import dead_letters
from shared.messaging.consumer import Consumer
from shared.messaging.generations import forgotten
from shared.messaging.partition_log import LogProbe
from shared.operations import gauges
from shared.telemetry import log

if TYPE_CHECKING:
    from shared.platform import Platform, Service

SWEEP_SECONDS = 0.25
WATCH_SECONDS = 2.0
LAG_SECONDS = 10.0
PRUNE_SECONDS = 3600.0
DUE_TOGETHER = 500
ASK_ANEW_SECONDS = 60.0
PRUNE_TOGETHER = 5_000
DRAIN_SECONDS = 20.0


class Group:
    """Loops that live and end together. One that breaks ends the process: a half-alive service lies."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Group:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self, loop: Awaitable[None]) -> None:
        self._tasks.add(asyncio.ensure_future(loop))

    async def forever(self, *others: Group) -> None:
        """Until a loop of this group or the others ends, which none does by itself. Raises what it ended with."""
        tasks = self._tasks.union(*(other._tasks for other in others))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        error = RuntimeError("a loop was cancelled") if task.cancelled() else task.exception()
        error = error or RuntimeError("a loop came to its end")
        log.error("a loop broke", error=error)
        raise error

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)


async def refuse_restored(platform: Platform, probe: LogProbe, topic: str, loop: Loop) -> None:
    """A database that is older than what it has said must not decide anew in silence."""
    while True:
        loop.tick()
        try:
            unknown = await forgotten(platform.pool, probe)
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        if not unknown:
            platform.blocked = None
            return
        if platform.blocked is None:
            platform.blocked = f"{unknown} events on {topic} are unknown to this database: was it restored?"
            log.error("blocked", cause=platform.blocked)
        await asyncio.sleep(5)


async def watch(platform: Platform, probe: LogProbe, service: Service, loop: Loop) -> None:
    """Asks database and broker how things stand, for readiness and metrics."""
    kinds, measured = [kind.kind for kind in service.jobs], 0.0
    while True:
        loop.tick()
        try:
            await gauges.database(platform.pool, kinds)
            await probe.ends(await probe.partitions([service.publishes.name]))
            if loop.now() - measured > LAG_SECONDS:
                platform.lag = await gauges.lag(platform.pool, probe, [topic.name for topic in service.consumes])
                measured = loop.now()
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(WATCH_SECONDS)


async def sweep(platform: Platform, consumer: Consumer, loop: Loop) -> None:
    """Rings the alarms: decides again the orders whose time has come, once all said by then was heard."""
    asked: _Asked | None = None
    while True:
        loop.tick()
        try:
            if asked is None:
                asked = await _ask(platform, consumer)
            if asked is not None and await asked.reached():
                await _ring(platform, asked.due, DecisionContext(asked.now, caught_up=True))
                asked = None
            elif asked is not None and loop.now() - asked.since > ASK_ANEW_SECONDS:
                asked = None  # a log that lost its tail is never read so far
        except (KafkaError, *TRANSIENT) as error:
            asked = None
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(SWEEP_SECONDS)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Orders whose time had come at `now` (business time), and whether all that was said by then was heard."""

    due: Sequence[UUID]
    now: datetime
    reached: Callable[[], Awaitable[bool]]
    since: float
    """Real, of the loop's clock."""


async def _ask(platform: Platform, consumer: Consumer) -> _Asked | None:
    now = platform.clock.now()
    due = await _due(platform, now)
    return _Asked(due, now, await consumer.caught_up(), Loop.now()) if due else None


async def _ring(platform: Platform, due: Sequence[UUID], context: DecisionContext) -> None:
    """Decides these orders again. One for which that fails holds up no other: it becomes a case, and is put off."""
    try:
        async with platform.ledger.transaction() as db:
            await platform.ledger.record(db, reevaluate=due, context=context)
    except TRANSIENT:
        raise
    except Exception as error:
        if len(due) > 1:
            middle = len(due) // 2
            await _ring(platform, due[:middle], context)
            await _ring(platform, due[middle:], context)
            return
        log.error("order could not be decided", order_id=str(due[0]), error=error)
        async with platform.ledger.transaction() as db:
            await platform.ledger.undecided(db, due[0])


async def _due(platform: Platform, now: datetime) -> list[UUID]:
    rows = await platform.pool.fetch(
        "select order_id from fact_sets where due_at <= $1 order by due_at limit $2", now, DUE_TOGETHER
    )
    return [row["order_id"] for row in rows]


async def keep_pruning(platform: Platform, loop: Loop) -> None:
    """At the start and each hour: handles what was parked, and drops what only served repeats and retries, once its
    retention has passed. Facts stay."""
    while True:
        loop.tick()
        try:
            await loop.while_waiting(dead_letters.replay_parked(platform))
            async with platform.pool.acquire() as db:
                await loop.while_waiting(prune(db, platform.settings.retention_days))
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await loop.sleep(PRUNE_SECONDS)


async def prune(db: DB, retention_days: int) -> None:
    """Sent outbox rows, idempotency keys and foreign records older than this (real days). Jobs stay: what was done is
    not owed again.

    In slices, each of which ends long before the time-out of a statement. The outbox is read from its oldest row on,
    as far as there is something to drop.
    """
    days, seen, dropped = float(retention_days), 0, 1
    while dropped:
        [(seen, dropped)] = await db.fetch(
            """with slice as (select id, sent_at from outbox where id > $3 order by id limit $2),
                    gone as (delete from outbox using slice where outbox.id = slice.id
                             and slice.sent_at < now() - $1 * interval '1 day' returning 1)
               select coalesce(max(id), 0), (select count(*) from gone) from slice""",
            days,
            PRUNE_TOGETHER,
            seen,
        )
    keys = """delete from idempotency_keys where (principal, key) in (
                  select principal, key from idempotency_keys
                  where created_at < now() - $1 * interval '1 day' order by created_at limit $2)"""
    while await db.execute(keys, days, PRUNE_TOGETHER) == f"DELETE {PRUNE_TOGETHER}":
        pass
    foreign = """delete from dead_letters where id in (
                     select id from dead_letters
                     where fate = 'foreign' and died_at < now() - $1 * interval '1 day' limit $2)"""
    while await db.execute(foreign, days, PRUNE_TOGETHER) == f"DELETE {PRUNE_TOGETHER}":
        pass
