"""The ledger: where facts are recorded, decided on, and published.

One transaction records new facts, loads the sets they belong to, lets the service decide, writes the outputs (facts to
publish, with their outbox rows; jobs; timers), and lets the service bring its read tables up to date. It is the same
for a batch from the broker, a request over HTTP, the answer of a counterpart and a due timer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from contracts.base import Event
from contracts.cases import CaseOpened
from shared import failpoints, tracing
from shared.clock import Clock
from shared.db import DB, Blocked
from shared.ledger import job_queue, outbox
from shared.ledger.facts import DecisionContext, Facts, Job, Output, Timer
from shared.telemetry import current_traceparent, log, metrics

Handle: TypeAlias = Callable[[DB, Sequence[Facts], DecisionContext], Awaitable[Sequence[Output]]]
"""The outputs of a decision on these sets. Runs in the transaction, under the orders' locks; set-based."""
Project: TypeAlias = Callable[[DB, Sequence[Facts]], Awaitable[None]]
"""Brings the service's read tables in line with these sets."""
Observe: TypeAlias = Callable[[Facts, Event], None]
"""Told of each new fact once it is committed: for metrics, since a crash just then leaves it untold."""

PUT_OFF = timedelta(hours=1)
"""An order that could not be decided is tried again after this, in business time."""
ROUNDS = 20
"""A decision that is not finished after so many rounds has a new output each time: a fault of the rule."""


class UnknownFact(Exception):
    """A fact in our own database of a type that this version does not know: a newer replica has written it."""


class Undecided(Exception):
    """`handle` returns something new however often it is called."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a ledger that of one service."""

    service: str
    topic: str
    """Where its facts are published."""
    handle: Handle
    project: Project | None = None
    observe: Observe | None = None
    counterparts: Mapping[str, str] = field(default_factory=dict)
    """Whom the jobs of each kind call."""


class Ledger:
    rules: Rules
    """Set once by the composition root, before the first transaction."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        clock: Clock,
        wake: Callable[[], None],
        blocked: Callable[[], str | None],
        cached_orders: int,
    ) -> None:
        """`wake` is called after each commit; `blocked` says why nothing may be changed, or None."""
        self._pool = pool
        self._clock = clock
        self._wake = wake
        self._blocked = blocked
        self._cached_orders = cached_orders
        self._cache: OrderedDict[UUID, Facts] = OrderedDict()
        self._held: ContextVar[dict[UUID, Facts] | None] = ContextVar("held", default=None)
        self._new: ContextVar[list[Event] | None] = ContextVar("new", default=None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[DB]:
        """One database transaction; what it published leaves after the commit."""
        if (cause := self._blocked()) is not None:
            raise Blocked(cause)
        held: dict[UUID, Facts] = {}
        new: list[Event] = []
        token, token_new = self._held.set(held), self._new.set(new)
        try:
            async with self._pool.acquire() as db, db.transaction():
                yield db
        finally:
            self._held.reset(token)
            self._new.reset(token_new)
        for order_id, facts in held.items():
            self._cache[order_id] = facts
        while len(self._cache) > self._cached_orders:
            self._cache.popitem(last=False)
        if self.rules.observe is not None:
            for event in new:
                self.rules.observe(held[event.order_id], event)
        self._wake()

    async def lock(self, db: DB, order_ids: Iterable[UUID]) -> dict[UUID, Facts]:
        """Locks these orders until the transaction ends, and loads their facts (an empty set for an unknown one)."""
        held = self._held.get()
        if held is None:
            raise RuntimeError("lock outside ledger.transaction()")
        wanted = sorted(set(order_ids))
        missing = [order_id for order_id in wanted if order_id not in held]
        if missing:
            held.update(await self._lock_and_load(db, missing))
        return {order_id: held[order_id] for order_id in wanted}

    async def _lock_and_load(self, db: DB, order_ids: Sequence[UUID]) -> dict[UUID, Facts]:
        # A missing row locks nothing, so it is made first; both statements go by the same order of keys.
        created = {
            row["order_id"]
            for row in await db.fetch(
                """insert into fact_sets (order_id) select * from unnest($1::uuid[]) order by 1
                   on conflict do nothing returning order_id""",
                order_ids,
            )
        }
        sets = {order_id: Facts(order_id) for order_id in created}
        known = [order_id for order_id in order_ids if order_id not in created]
        if not known:
            return sets
        sizes = await db.fetch(
            "select order_id, size from fact_sets where order_id = any($1) order by order_id for update", known
        )
        stale = []
        for row in sizes:
            cached = self._cache.pop(row["order_id"], None)
            if cached is not None and len(cached) == row["size"]:
                sets[cached.order_id] = cached
            else:
                stale.append(row["order_id"])
        if stale:
            sets.update(await self.read(db, stale))
        return sets

    async def read(self, db: DB, order_ids: Sequence[UUID]) -> dict[UUID, Facts]:
        """The facts of these orders as committed, without a lock."""
        sets = {order_id: Facts(order_id) for order_id in order_ids}
        rows = await db.fetch("select order_id, type, body from facts where order_id = any($1)", order_ids)
        for row in rows:
            kind = Event.BY_TYPE.get(row["type"])
            if kind is None:
                raise UnknownFact(row["type"])
            sets[row["order_id"]].add(kind.model_validate_json(row["body"]))
        return sets

    async def publish(self, db: DB, events: Sequence[Event]) -> dict[UUID, Facts]:
        """Facts that this service itself knows first: publishes them, and all that follows. Returns the resulting
        sets."""
        return await self.record(db, published=events)

    async def record(
        self,
        db: DB,
        *,
        consumed: Sequence[Event] = (),
        published: Sequence[Event] = (),
        reevaluate: Iterable[UUID] = (),
        bodies: Mapping[UUID, str] | None = None,
        traces: Mapping[UUID, str] | None = None,
        context: DecisionContext | None = None,
    ) -> dict[UUID, Facts]:
        """Records facts and settles all that follows from them. A known fact has no effect.

        `reevaluate` are orders to decide again although nothing new is known of them. `bodies` gives the JSON in which
        a fact came, by its id: it is kept as it came. `traces` gives the W3C trace of an order where it is not the
        caller's own, `context` that of the decision where it is not now.
        """
        reevaluate = set(reevaluate)
        sets = await self.lock(db, {event.order_id for event in (*consumed, *published)} | reevaluate)
        new_consumed = [
            event for event in consumed if sets[event.order_id].add(event) or failpoints.off("ledger.inbox")
        ]
        new_published = [event for event in published if sets[event.order_id].add(event)]
        metrics.repeats.inc(len(consumed) - len(new_consumed))
        changed = {event.order_id for event in (*new_consumed, *new_published)} | reevaluate
        if not changed:
            return sets
        at = context or DecisionContext(self._clock.now())
        if tracing.on():
            types: dict[UUID, list[str]] = {}
            for event in (*new_consumed, *new_published):
                types.setdefault(event.order_id, []).append(event.TYPE)
            async with tracing.orders(db, changed, traces, types) as own:
                await self._settle(db, sets, new_consumed, new_published, changed, at, own, bodies)
        else:
            await self._settle(db, sets, new_consumed, new_published, changed, at, traces, bodies)
        return sets

    async def restore(self, db: DB, *, published: Sequence[Event], consumed: Sequence[Event]) -> list[Event]:
        """Records facts that this database had forgotten, and returns those. Nothing is published or decided; the
        orders are decided again when all that was published by now is consumed."""
        sets = await self.lock(db, {event.order_id for event in (*published, *consumed)})
        new_published = [event for event in published if sets[event.order_id].add(event)]
        new_consumed = [event for event in consumed if sets[event.order_id].add(event)]
        await self._keep(
            db, new_consumed, new_published, [event.model_dump_json() for event in (*new_consumed, *new_published)]
        )
        changed = {event.order_id for event in (*new_consumed, *new_published)}
        await db.execute(
            """update fact_sets set size = s.size, due_at = least(due_at, $3)
               from unnest($1::uuid[], $2::int[]) as s (order_id, size) where fact_sets.order_id = s.order_id""",
            list(changed),
            [len(sets[order_id]) for order_id in changed],
            self._clock.now(),
        )
        return [*new_consumed, *new_published]

    async def append(self, db: DB, event: Event) -> None:
        """Publishes one fact and decides nothing: for when deciding is what fails. Not even that where the facts
        themselves cannot be read."""
        try:
            facts = (await self.lock(db, [event.order_id]))[event.order_id]
        except (UnknownFact, ValidationError) as error:
            log.error("an order's facts cannot be read", order_id=str(event.order_id), error=error)
            return
        if not facts.add(event):
            return
        await self._write(db, (), [event], None, {})
        await db.execute("update fact_sets set size = $2 where order_id = $1", event.order_id, len(facts))
        if self.rules.project is not None:
            try:
                async with db.transaction():
                    await self.rules.project(db, [facts])
            except Exception as error:
                log.error("read tables could not be brought up to date", order_id=str(event.order_id), error=error)

    async def undecided(self, db: DB, order_id: UUID) -> None:
        """A rule of ours fails on this order: that becomes a case, and the order decides itself again in a while."""
        now = self._clock.now()
        case = CaseOpened(
            order_id=order_id,
            occurred_at=now,
            case=f"needs_attention:undecided:{self.rules.service}",
            service=self.rules.service,
            kind="needs_attention",
            matter="undecided",
            reason="undecided",
            action="look_into",
        )
        await self.append(db, case)
        await db.execute("update fact_sets set due_at = $2 where order_id = $1", order_id, now + PUT_OFF)

    async def _settle(
        self,
        db: DB,
        sets: Mapping[UUID, Facts],
        consumed: Sequence[Event],
        published: list[Event],
        changed: set[UUID],
        context: DecisionContext,
        traces: Mapping[UUID, str] | None,
        bodies: Mapping[UUID, str] | None,
    ) -> None:
        timers: dict[UUID, datetime | None] = dict.fromkeys(changed)
        jobs: list[Job] = []
        pending = changed
        for _ in range(ROUNDS):
            outputs = await self.rules.handle(db, [sets[order_id] for order_id in sorted(pending)], context)
            timers.update(dict.fromkeys(pending))
            fresh: list[Event] = []
            for item in outputs:
                match item:
                    case Event():
                        if sets[item.order_id].add(item):
                            fresh.append(item)
                    case Job():
                        jobs.append(item)
                    case Timer(order_id, at):
                        earlier = timers.get(order_id)
                        timers[order_id] = at if earlier is None else min(at, earlier)
            published += fresh
            pending = {event.order_id for event in fresh}
            if not pending:
                break
        else:
            raise Undecided(f"{len(pending)} orders after {ROUNDS} rounds")
        await self._write(db, consumed, published, traces, bodies or {})
        await job_queue.enqueue(db, jobs, self.rules.counterparts)
        await db.execute(
            """update fact_sets set size = s.size, due_at = s.due_at
               from unnest($1::uuid[], $2::int[], $3::timestamptz[]) as s (order_id, size, due_at)
               where fact_sets.order_id = s.order_id""",
            list(timers),
            [len(sets[order_id]) for order_id in timers],
            list(timers.values()),
        )
        if self.rules.project is not None:
            await self.rules.project(db, [sets[order_id] for order_id in sorted(changed)])
        if self.rules.observe is not None and (new := self._new.get()) is not None:
            new += [*consumed, *published]

    async def _write(
        self,
        db: DB,
        consumed: Sequence[Event],
        published: Sequence[Event],
        traces: Mapping[UUID, str] | None,
        came: Mapping[UUID, str],
    ) -> None:
        trace = current_traceparent()
        messages = [
            outbox.message(self.rules.topic, event, traces.get(event.order_id, trace) if traces else trace)
            for event in published
        ]
        bodies = [
            *(came.get(event.id) or event.model_dump_json() for event in consumed),
            *(message.body or "" for message in messages),
        ]
        await self._keep(db, consumed, published, bodies)
        await outbox.publish(db, messages)

    async def _keep(self, db: DB, consumed: Sequence[Event], published: Sequence[Event], bodies: Sequence[str]) -> None:
        await db.execute(
            """insert into facts (order_id, id, type, published, body)
               select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[], $5::text[])""",
            [event.order_id for event in (*consumed, *published)],
            [event.id for event in (*consumed, *published)],
            [event.TYPE for event in (*consumed, *published)],
            [False] * len(consumed) + [True] * len(published),
            bodies,
        )
