"""Due timers: streams whose timer has passed are decided again, once all that was published by then is consumed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from aiokafka.errors import KafkaError

from contracts.base import Stream
from shared.clock import Clock
from shared.db import DB, TRANSIENT
from shared.ledger.batches import isolate_failures
from shared.ledger.facts import DecisionContext
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.telemetry import log

TIMERS_SECONDS = 0.25
BATCH_STREAMS = 500
ASK_AGAIN_SECONDS = 60.0

CaughtUp = Callable[[], Awaitable[Callable[[], Awaitable[bool]]]]
"""Records where the topics end now; returns a function that returns whether all up to there is consumed."""


@dataclass(frozen=True, slots=True)
class _Due:
    """Streams whose timer was due at `now` (business time), and whether all that was published by then is consumed."""

    streams: Sequence[Stream]
    now: datetime
    reached: Callable[[], Awaitable[bool]]
    since: float
    """Monotonic, real seconds."""


class Timers:
    """The timers of one service, of all its replicas alike."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, clock: Clock, caught_up: CaughtUp) -> None:
        self._pool = pool
        self._ledger = ledger
        self._clock = clock
        self._caught_up = caught_up
        self._waiting: _Due | None = None

    async def run(self, loop: Loop) -> None:
        """Looks for due timers until cancelled."""
        await loop.repeat(self._step, TIMERS_SECONDS, (KafkaError, *TRANSIENT))

    async def _step(self) -> None:
        due, self._waiting = self._waiting, None
        if due is None:
            due = await self._find()
        if due is None:
            return
        if await due.reached():
            await self._decide(due)
        elif Loop.now() - due.since <= ASK_AGAIN_SECONDS:  # a log that lost its tail never reaches its former end
            self._waiting = due

    async def _find(self) -> _Due | None:
        now = self._clock.now()
        rows = await self._pool.fetch(
            "select kind, id from streams where due_at <= $1 order by due_at limit $2", now, BATCH_STREAMS
        )
        streams = [Stream(row["kind"], row["id"]) for row in rows]
        return _Due(streams, now, await self._caught_up(), Loop.now()) if streams else None

    async def _decide(self, due: _Due) -> None:
        """A stream for which this fails holds up no other: it is logged and put off (`Ledger.undecided`)."""
        context = DecisionContext(due.now, caught_up=True)

        async def decide(streams: Sequence[Stream]) -> None:
            async def work(db: DB) -> None:
                await self._ledger.record(db, reevaluate=streams, context=context)

            await self._ledger.run(work)

        async def put_off(stream: Stream, error: Exception) -> None:
            log.error("stream could not be decided", stream=str(stream), error=error)
            async with self._ledger.transaction() as db:
                await self._ledger.undecided(db, stream)

        await isolate_failures(due.streams, decide, put_off)
