"""The ledger: where facts are recorded, decided on, and published.

One transaction records new facts, loads the sets they belong to, lets the service decide, writes the outputs (facts to
publish, with their outbox rows; jobs; timers), and lets the service bring its read tables up to date. It is the same
for a batch from the broker, a request over HTTP, the answer of a counterpart and a due timer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from contracts.base import Event, Stream, lifted, parse_fact
from shared import tracing
from shared.clock import Clock
from shared.db import DB, Blocked, NewerFacts, Relock
from shared.ledger import job_queue, outbox
from shared.ledger.facts import DecisionContext, Facts, Job, Timer
from shared.ledger.rules import Rules
from shared.ledger.versions import Wire, wire_of
from shared.telemetry import current_traceparent, log, metrics

PUT_OFF = timedelta(hours=1)
"""A stream that could not be decided is tried again after this, in business time."""
ROUNDS = 20
"""A decision that is not finished after this many rounds returns a new output each time: a fault of the rule."""
RELOCKS = 3
"""How often a transaction is begun again at once because it lacked a lock."""

T = TypeVar("T")
_NUMBER = attrgetter("int")


class Undecided(Exception):
    """A decision returns something new in each round, or an output that it may not return."""


class WrongKind(Exception):
    """A fact names a stream by an id that belongs to a stream of another kind."""


class _Held:
    """What one transaction has locked and loaded, and what it must lock besides."""

    __slots__ = ("job_kinds", "new", "sets", "types", "wanted")

    def __init__(self, wanted: frozenset[Stream]) -> None:
        self.sets: dict[UUID, Facts] = {}
        self.new: list[Event] = []
        self.types: set[str] = set()
        self.job_kinds: set[str] = set()
        self.wanted = wanted


class Ledger:
    rules: Rules
    """Set once by the composition root, before the first transaction."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        clock: Clock,
        wake: Callable[[Collection[str]], None],
        blocked: Callable[[], str | None],
        block: Callable[[str], None],
        cached_streams: int,
    ) -> None:
        """`wake` is called after each commit, with the kinds of the jobs that it added; `blocked` returns why nothing
        may be changed, or None; `block` is called with the reason why nothing may be changed from now on."""
        self._pool = pool
        self._clock = clock
        self._wake = wake
        self._blocked = blocked
        self._block = block
        self._newer: str | None = None
        self._known_types: set[str] = set()
        """The types of which the database records that it holds facts."""
        self._cached_streams = cached_streams
        self._cache: OrderedDict[UUID, Facts] = OrderedDict()
        self._held: ContextVar[_Held | None] = ContextVar("held", default=None)

    @asynccontextmanager
    async def transaction(self, wanted: frozenset[Stream] = frozenset()) -> AsyncIterator[DB]:
        """One database transaction; what it published is sent after the commit. `wanted` are locked with its first
        lock. Raises Blocked, and Relock when it needs a lock out of order: `run` begins such a transaction again."""
        if self._newer is not None:
            raise NewerFacts(self._newer)
        if (cause := self._blocked()) is not None:
            raise Blocked(cause)
        held = _Held(wanted)
        token = self._held.set(held)
        try:
            async with self._pool.acquire() as db, db.transaction():
                yield db
        finally:
            self._held.reset(token)
        self._known_types |= held.types
        for stream_id, facts in held.sets.items():
            self._cache[stream_id] = facts
        while len(self._cache) > self._cached_streams:
            self._cache.popitem(last=False)
        if self.rules.observe is not None:
            for event in held.new:
                self.rules.observe(held.sets[event.stream_id], event)
        self._wake(held.job_kinds)

    async def run(self, work: Callable[[DB], Awaitable[T]]) -> T:
        """What `work` returns, in one transaction. When it needs a lock out of order it is called again, in a new
        transaction that takes all locks in their order; Relock when that was not enough."""
        wanted: frozenset[Stream] = frozenset()
        for _ in range(RELOCKS):
            try:
                async with self.transaction(wanted) as db:
                    return await work(db)
            except Relock as lacking:
                metrics.relocks.inc()
                wanted |= lacking.streams
        raise Relock(wanted)

    async def lock(self, db: DB, streams: Iterable[Stream]) -> dict[UUID, Facts]:
        """Locks these streams until the transaction ends, and loads their facts (an empty set for an unknown one), by
        id. Locks go by rank of the kind, then id, so that no two transactions wait for each other: Relock when one
        that comes before a held one is missing."""
        held = self._held.get()
        if held is None:
            raise RuntimeError("lock outside ledger.transaction()")
        wanted = set(streams)
        missing = [stream for stream in wanted | held.wanted if stream.id not in held.sets]
        if missing:
            order = self.rules.lock_order
            missing.sort(key=order)
            if held.sets and order(missing[0]) < max(order(facts.stream) for facts in held.sets.values()):
                raise Relock(frozenset(missing).union(facts.stream for facts in held.sets.values()))
            held.sets.update(await self._lock_and_load(db, missing))
            held.wanted = frozenset()
        return {stream.id: held.sets[stream.id] for stream in wanted}

    async def lock_decided(self, db: DB, events: Iterable[Event]) -> None:
        """As `lock`, for the streams of those facts that are decided on."""
        kinds = self.rules.by_name
        await self.lock(db, {event.stream for event in events if kinds[event.KIND].decide is not None})

    async def _lock_and_load(self, db: DB, streams: Sequence[Stream]) -> dict[UUID, Facts]:
        # One statement inserts missing rows and locks present ones, row by row in the order of locks: a row inserted
        # out of order would be a lock out of order. `where false` updates nothing.
        ids, by_id = [stream.id for stream in streams], {stream.id: stream for stream in streams}
        created = await db.fetch(
            """insert into streams (id, kind)
               select id, kind from unnest($1::uuid[], $2::text[]) with ordinality as s (id, kind, n) order by n
               on conflict (id) do update set kind = excluded.kind where false returning id""",
            ids,
            [stream.kind for stream in streams],
        )
        sets = {row["id"]: Facts(by_id[row["id"]]) for row in created}
        known = [stream_id for stream_id in ids if stream_id not in sets]
        if not known:
            return sets
        rows = await db.fetch("select id, kind, size from streams where id = any($1)", known)
        stale = []
        for row in rows:
            stream = by_id[row["id"]]
            if row["kind"] != stream.kind:
                raise WrongKind(f"{stream} is a stream of kind {row['kind']}")
            cached = self._cache.pop(stream.id, None)
            if cached is not None and len(cached) == row["size"]:
                sets[stream.id] = cached
            else:
                stale.append(stream)
        if stale:
            sets.update(await self.read(db, stale))
        return sets

    async def read(self, db: DB, streams: Iterable[Stream]) -> dict[UUID, Facts]:
        """The facts of these streams as committed, without a lock, each in the newest version. An id that is
        known as that of another kind of stream has none. Raises NewerFacts."""
        sets = {stream.id: Facts(stream) for stream in streams}
        rows = await db.fetch("select stream_id, type, body from facts where stream_id = any($1)", list(sets))
        for row in rows:
            if row["type"] not in Event.BY_TYPE:
                self._refuse(row["type"])
            fact, facts = lifted(parse_fact(row["type"], row["body"])), sets[row["stream_id"]]
            if facts.stream.kind == fact.KIND:
                facts.add(fact)
        return sets

    async def refuse_newer(self) -> None:
        """Raises NewerFacts when the database holds facts of a type that this version does not know."""
        for row in await self._pool.fetch("select type from fact_types order by type"):
            if row["type"] not in Event.BY_TYPE:
                self._refuse(row["type"])

    def _refuse(self, event_type: str) -> NoReturn:
        self._newer = f"the database holds facts {event_type}, which this version does not know"
        self._block(self._newer)
        raise NewerFacts(self._newer)

    async def publish(self, db: DB, events: Sequence[Event]) -> dict[UUID, Facts]:
        """Publishes facts that originate in this service, and all that follows from them. Returns the resulting
        sets."""
        return await self.record(db, published=events)

    async def record(
        self,
        db: DB,
        *,
        consumed: Sequence[Event] = (),
        published: Sequence[Event] = (),
        reevaluate: Iterable[Stream] = (),
        wire: Mapping[UUID, Wire] | None = None,
        traces: Mapping[UUID, str] | None = None,
        context: DecisionContext | None = None,
    ) -> dict[UUID, Facts]:
        """Records facts, and all that follows from them. A known fact has no effect.

        `reevaluate` are streams to decide again although nothing new is known of them. `wire` gives the form in which a
        fact came, by its id: it is stored in that form. `traces` gives the W3C trace of a stream, by its id, where it
        is not the caller's own; `context` is the context of the decision, where its time is not now.
        """
        kinds = self.rules.by_name
        reevaluate = set(reevaluate)
        decided = [event for event in consumed if kinds[event.KIND].decide is not None]
        sets = await self.lock(db, {event.stream for event in (*decided, *published)} | reevaluate)
        await self._record_decided(db, sets, decided, published, reevaluate, dict(wire or {}), traces, context)
        # After every lock that a decision may take: rows appended here hold others up until the commit.
        if len(decided) < len(consumed):
            await self._absorb(db, [event for event in consumed if kinds[event.KIND].decide is None], wire or {})
        return sets

    async def _record_decided(
        self,
        db: DB,
        sets: dict[UUID, Facts],
        decided: Sequence[Event],
        published: Sequence[Event],
        reevaluate: set[Stream],
        wire: dict[UUID, Wire],
        traces: Mapping[UUID, str] | None,
        context: DecisionContext | None,
    ) -> None:
        new_consumed = [event for event in decided if sets[event.stream_id].add(event)]
        new_published = self._add_published(sets, published, wire)
        metrics.repeats.inc(len(decided) - len(new_consumed))
        changed = {event.stream_id for event in (*new_consumed, *new_published)} | {stream.id for stream in reevaluate}
        if not changed:
            return
        decision_context = context or DecisionContext(self._clock.now())
        if tracing.on():
            types: dict[Stream, list[str]] = {sets[stream_id].stream: [] for stream_id in changed}
            for event in (*new_consumed, *new_published):
                types[event.stream].append(event.TYPE)
            async with tracing.recording(db, types, traces) as recorded:
                await self._settle(db, sets, new_consumed, new_published, changed, decision_context, recorded, wire)
        else:
            await self._settle(db, sets, new_consumed, new_published, changed, decision_context, traces, wire)

    def _add_published(
        self, sets: Mapping[UUID, Facts], events: Iterable[Event], wire: dict[UUID, Wire]
    ) -> list[Event]:
        """Adds the new facts to their sets, in the form in which they will be read again, and enters in `wire` how each
        is published."""
        new = []
        for event in events:
            if event not in sets[event.stream_id]:
                kept, wire[event.id] = self.rules.versions.settled(event)
                sets[event.stream_id].add(kept)
                new.append(kept)
        return new

    async def restore(
        self, db: DB, *, published: Sequence[Event], consumed: Sequence[Event], wire: Mapping[UUID, Wire]
    ) -> list[Event]:
        """Records facts that this database lacks, and returns the new ones. Nothing is published or decided; the
        streams are decided again when all that was published by now is consumed."""
        sets = await self.lock(db, {event.stream for event in (*published, *consumed)})
        new_published = [event for event in published if sets[event.stream_id].add(event)]
        new_consumed = [event for event in consumed if sets[event.stream_id].add(event)]
        new = [*new_consumed, *new_published]
        await self._keep(db, new_consumed, new_published, wire)
        changed = {event.stream_id for event in new}
        await db.execute(
            """update streams set size = s.size, due_at = least(due_at, $3)
               from unnest($1::uuid[], $2::int[]) as s (id, size) where streams.id = s.id""",
            list(changed),
            [len(sets[stream_id]) for stream_id in changed],
            self._clock.now(),
        )
        return new

    async def append(self, db: DB, event: Event) -> None:
        """Publishes one fact without a decision, for when the decision fails. Does nothing where the facts themselves
        cannot be read."""
        try:
            facts = (await self.lock(db, [event.stream]))[event.stream_id]
        except (WrongKind, ValidationError) as error:
            log.error("a stream's facts cannot be read", stream=str(event.stream), error=error)
            return
        wire: dict[UUID, Wire] = {}
        if not (new := self._add_published({facts.id: facts}, [event], wire)):
            return
        await self._write(db, (), new, None, wire)
        await db.execute("update streams set size = $2 where id = $1", facts.id, len(facts))
        project = self.rules.by_name[event.KIND].project
        if project is not None:
            try:
                async with db.transaction():
                    await project(db, [facts])
            except Exception as error:
                log.error("read tables could not be brought up to date", stream=str(event.stream), error=error)

    async def enqueue(self, db: DB, jobs: Sequence[Job]) -> None:
        """Adds the jobs, in the caller's transaction, whose commit wakes their workers; one that is there already stays
        as it is."""
        await job_queue.enqueue(db, jobs, self.rules.counterparts)
        self._wake_workers({job.kind for job in jobs})

    async def run_again(self, db: DB, job: Job, state: Mapping[str, Any]) -> bool:
        """A job that has ended is ready again, with this state, and its worker is woken by the commit; False when there
        is no such job, or it has not ended."""
        self._wake_workers({job.kind})
        return await job_queue.run_again(db, job, state)

    def _wake_workers(self, kinds: set[str]) -> None:
        if (held := self._held.get()) is not None:
            held.job_kinds |= kinds

    async def undecided(self, db: DB, stream: Stream) -> None:
        """A rule fails on this stream: it is decided again after `PUT_OFF`. A person is informed by the metric, and by
        the facts of the service's hook where it has any for this kind of stream, such as the case of an order."""
        metrics.undecided.labels(stream.kind).inc()
        now = self._clock.now()
        for event in self.rules.hooks.on_undecided(stream, now):
            await self.append(db, event)
        await db.execute("update streams set due_at = $2 where id = $1", stream.id, now + PUT_OFF)

    async def _absorb(self, db: DB, events: Sequence[Event], wire: Mapping[UUID, Wire]) -> None:
        """Facts of kinds that are only appended, or of which only the latest counts: no lock, no decision."""
        for kind in self.rules.kinds:
            some = [event for event in events if kind.name == event.KIND]
            if not some:
                continue
            if kind.latest is not None:
                await kind.latest(db, some)
            elif kind.absorb is not None:
                new = await self._append_new(db, some, wire)
                metrics.repeats.inc(len(some) - len(new))
                if new:
                    await kind.absorb(db, new)

    async def _append_new(self, db: DB, events: Sequence[Event], wire: Mapping[UUID, Wire]) -> list[Event]:
        by_id = {event.id: event for event in events}
        forms = [wire.get(event.id) or wire_of(event) for event in by_id.values()]
        await db.execute(
            """insert into streams (id, kind)
               select distinct id, kind from unnest($1::uuid[], $2::text[]) as s (id, kind) order by id
               on conflict do nothing""",
            [event.stream_id for event in by_id.values()],
            [event.KIND for event in by_id.values()],
        )
        rows = await db.fetch(
            """insert into facts (stream_id, id, type, published, body)
               select stream_id, id, type, false, body
               from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as f (stream_id, id, type, body)
               order by stream_id, id on conflict do nothing returning id""",
            [event.stream_id for event in by_id.values()],
            list(by_id),
            [form.type for form in forms],
            [form.body for form in forms],
        )
        await self._remember_types(db, {form.type for form in forms})
        return [by_id[row["id"]] for row in rows]

    async def _settle(
        self,
        db: DB,
        sets: dict[UUID, Facts],
        consumed: Sequence[Event],
        published: list[Event],
        changed: set[UUID],
        context: DecisionContext,
        traces: Mapping[UUID, str] | None,
        wire: dict[UUID, Wire],
    ) -> None:
        timers: dict[UUID, datetime | None] = dict.fromkeys(changed)
        jobs: list[Job] = []
        pending = changed
        for _ in range(ROUNDS):
            timers.update(dict.fromkeys(pending))
            new: list[Event] = []
            by_kind = _by_kind(sets, pending)
            for kind in self.rules.kinds:
                some = by_kind.get(kind.name)
                if not some or kind.decide is None:
                    continue
                outputs = await kind.decide(db, some, context)
                events = [output for output in outputs if not isinstance(output, (Job, Timer))]
                if stray := {event.KIND for event in events} - {kind.name, *kind.causes}:
                    raise Undecided(f"a decision on kind {kind.name} may cause no facts of {', '.join(sorted(stray))}")
                if others := {event.stream for event in events if event.stream_id not in sets}:
                    sets.update(await self.lock(db, others))
                new += self._add_published(sets, events, wire)
                for output in outputs:
                    match output:
                        case Job():
                            jobs.append(output)
                        case Timer(stream, at):
                            earlier = timers.get(stream.id)
                            timers[stream.id] = at if earlier is None else min(at, earlier)
            published += new
            pending = {event.stream_id for event in new}
            changed = changed | pending
            if not pending:
                break
        else:
            raise Undecided(f"{len(pending)} streams after {ROUNDS} rounds")
        await self._write(db, consumed, published, traces, wire)
        await self.enqueue(db, jobs)
        await db.execute(
            """update streams set size = s.size, due_at = s.due_at
               from unnest($1::uuid[], $2::int[], $3::timestamptz[]) as s (id, size, due_at)
               where streams.id = s.id""",
            list(timers),
            [len(sets[stream_id]) for stream_id in timers],
            list(timers.values()),
        )
        by_kind = _by_kind(sets, changed)
        for kind in self.rules.kinds:
            some = by_kind.get(kind.name)
            if some and kind.project is not None:
                await kind.project(db, some)
        if self.rules.observe is not None and (held := self._held.get()) is not None:
            held.new += [*consumed, *published]

    async def _write(
        self,
        db: DB,
        consumed: Sequence[Event],
        published: Sequence[Event],
        traces: Mapping[UUID, str] | None,
        wire: Mapping[UUID, Wire],
    ) -> None:
        trace, topic, elsewhere = current_traceparent(), self.rules.topic, self.rules.elsewhere
        await self._keep(db, consumed, published, wire)
        if topic is None:
            if published:
                raise ValueError(f"{self.rules.service} has no topic to publish {published[0].TYPE} on")
            return
        await outbox.publish(
            db,
            [
                outbox.Message(
                    elsewhere.get(form.type, topic),
                    str(event.stream_id),
                    event.id,
                    form.type,
                    form.body,
                    traces.get(event.stream_id, trace) if traces else trace,
                )
                for event in published
                for form in (wire[event.id],)
            ],
        )

    async def _keep(
        self, db: DB, consumed: Sequence[Event], published: Sequence[Event], wire: Mapping[UUID, Wire]
    ) -> None:
        forms = [wire.get(event.id) or wire_of(event) for event in (*consumed, *published)]
        await db.execute(
            """insert into facts (stream_id, id, type, published, body)
               select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[], $5::text[])""",
            [event.stream_id for event in (*consumed, *published)],
            [event.id for event in (*consumed, *published)],
            [form.type for form in forms],
            [False] * len(consumed) + [True] * len(published),
            [form.body for form in forms],
        )
        await self._remember_types(db, {form.type for form in forms})

    async def _remember_types(self, db: DB, types: set[str]) -> None:
        """Records these types, so that a version which does not know one of them refuses to start on this database."""
        if new := types - self._known_types:
            await db.execute(
                "insert into fact_types (type) select * from unnest($1::text[]) order by 1 on conflict do nothing",
                sorted(new),
            )
            if (held := self._held.get()) is not None:
                held.types |= new


def _by_kind(sets: Mapping[UUID, Facts], ids: Iterable[UUID]) -> dict[str, list[Facts]]:
    """The sets of these streams by kind, each in the order of ids. Numbers are sorted: UUIDs compare in Python."""
    sets_by_kind: dict[str, list[Facts]] = {}
    for stream_id in sorted(ids, key=_NUMBER):
        facts = sets[stream_id]
        sets_by_kind.setdefault(facts.stream.kind, []).append(facts)
    return sets_by_kind
