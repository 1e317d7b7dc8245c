"""The loops every service runs beside its consumer and relay: broker watch, alarms, pruning."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from aiokafka.errors import KafkaError

from contracts.cases import CaseOpened
from shared import gauges
from shared.db import DB, TRANSIENT
from shared.facts import Moment
from shared.logs import LogProbe
from shared.messaging import Consumer
from shared.relay import forgotten
from shared.telemetry import Loop, log

if TYPE_CHECKING:
    from shared.service import Platform, Service

SWEEP_SECONDS = 0.25
WATCH_SECONDS = 2.0
LAG_SECONDS = 10.0
PRUNE_SECONDS = 3600.0
DUE_TOGETHER = 500
PUT_OFF = timedelta(hours=1)
"""An order that could not be decided is tried again after this, in business time."""
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

    async def forever(self) -> None:
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
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
            await probe.ends(await probe.lanes([service.says.name]))
            if loop.now() - measured > LAG_SECONDS:
                await gauges.lag(platform.pool, probe, [topic.name for topic in service.listens_to])
                measured = loop.now()
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(WATCH_SECONDS)


async def sweep(platform: Platform, service: Service, consumer: Consumer, loop: Loop) -> None:
    """Rings the alarms: decides again the orders whose time has come, once all said by then was heard."""
    while True:
        loop.tick()
        try:
            now = platform.clock.now()
            due = await _due(platform, now)
            if due:
                reached = await consumer.caught_up()
                if await reached():
                    await _ring(platform, service, due, Moment(now, caught_up=True))
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(SWEEP_SECONDS)


async def _ring(platform: Platform, service: Service, due: Sequence[UUID], moment: Moment) -> None:
    """Decides these orders again. One for which that fails holds up no other: it becomes a case, and is put off."""
    try:
        async with platform.ledger.transaction() as db:
            await platform.ledger.record(db, woken=due, moment=moment)
    except TRANSIENT:
        raise
    except Exception as error:
        if len(due) > 1:
            middle = len(due) // 2
            await _ring(platform, service, due[:middle], moment)
            await _ring(platform, service, due[middle:], moment)
            return
        log.error("order could not be decided", order_id=str(due[0]), error=error)
        case = CaseOpened(
            order_id=due[0],
            occurred_at=moment.now,
            case=f"needs_attention:undecided:{service.name}",
            kind="needs_attention",
            reason="undecided",
            action="look_into",
        )
        async with platform.ledger.transaction() as db:
            await platform.ledger.note(db, case)
            await platform.ledger.put_off(db, due[0], moment.now + PUT_OFF)


async def _due(platform: Platform, now: datetime) -> list[UUID]:
    rows = await platform.pool.fetch(
        "select order_id from fact_sets where wake_at <= $1 order by wake_at limit $2", now, DUE_TOGETHER
    )
    return [row["order_id"] for row in rows]


async def keep_pruning(platform: Platform, loop: Loop) -> None:
    """Drops what only served repeats and retries, once its retention has passed. Facts stay."""
    while True:
        loop.tick()
        try:
            async with platform.pool.acquire() as db:
                await prune(db, platform.settings.retention_days)
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        next_time = Loop.now() + PRUNE_SECONDS
        while Loop.now() < next_time:
            loop.tick()
            await asyncio.sleep(min(10.0, PRUNE_SECONDS))


async def prune(db: DB, retention_days: int) -> None:
    """Sent outbox rows and idempotency keys older than this (real days). Jobs stay: what was done is not owed again."""
    for statement in (
        "delete from outbox where sent_at < now() - $1 * interval '1 day'",
        "delete from idempotency_keys where created_at < now() - $1 * interval '1 day'",
    ):
        await db.execute(statement, float(retention_days))
