"""Calls to external counterparts as durable jobs, tried until they are answered.

There is one job for a kind, stream and subject: these three are its idempotency key. The call itself is made outside
any transaction; its answer, and the facts that follow, are stored in one. Times here are real, not business time.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from contracts.base import Event, Stream
from shared import failpoints, tracing
from shared.db import DB, TRANSIENT
from shared.ledger.batches import isolate_failures
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.telemetry import current_traceparent, describe, log, metrics, traced

LEASE_SECONDS = 120.0
"""A claimed job whose worker died is taken up again after this."""
POLL_SECONDS = 0.5
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 300.0
COMMIT_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    kind: str
    stream: Stream
    subject: str
    attempt: int
    """From 1."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What an earlier attempt left (`Retry.state`)."""
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The counterpart has answered. In one transaction, under the stream's lock: `save`, then `published`."""

    published: Sequence[Event] = ()
    save: Callable[[DB, Facts], Awaitable[None]] | None = None
    unless: tuple[type[Event], ...] = ()
    """When one of these facts is known by now, `published` is dropped, for the answer came too late. `save` runs all
    the same."""


class Retry(Exception):
    """Try again after so many real seconds (with back-off and jitter when None), handing on `state`.

    `may_be_last`: False when the counterpart is not to blame, so that this failure never ends the job.
    """

    def __init__(
        self,
        reason: str,
        after: float | None = None,
        state: Mapping[str, Any] | None = None,
        *,
        may_be_last: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.state = state
        self.may_be_last = may_be_last


ENDLESS = 1_000_000_000
"""Attempts of a job that is tried until it succeeds, or until a person ends what it waits for."""


@dataclass(frozen=True, slots=True)
class JobKind:
    kind: str
    counterpart: str
    """Who is called, e.g. `carrier.laposte`; an operator can pause them."""
    run: Callable[[ClaimedJob], Awaitable[Done]]
    exhausted: Callable[[ClaimedJob, str], Sequence[Event]]
    """What is published when the last try has failed: a refusal, or a case for a person."""
    max_attempts: int = 8
    concurrency: int = 16


@dataclass(frozen=True, slots=True)
class _Ended:
    job: ClaimedJob
    outcome: Done | Retry
    traceparent: str | None = None


class Worker:
    """Runs the jobs of one kind, several at a time; answers that arrive together are stored together."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, kind: JobKind, lease: float = LEASE_SECONDS
    ) -> None:
        """`lease`: real seconds after which a claimed job is taken up again; one try may last half of it."""
        self._lease = lease
        self._pool = pool
        self._ledger = ledger
        self._kind = kind
        self._wake = asyncio.Event()
        self._ended: asyncio.Queue[_Ended] = asyncio.Queue()
        self._running: set[asyncio.Task[None]] = set()
        self._unstored = 0

    def wake(self) -> None:
        self._wake.set()

    @property
    def name(self) -> str:
        return f"jobs.{self._kind.kind}"

    async def run(self, loop: Loop) -> None:
        """Claims and calls until cancelled; calls under way are then finished and stored."""
        committer = asyncio.create_task(self._commit(loop))
        try:
            while True:
                loop.tick()
                if committer.done():
                    committer.result()  # this loop has failed: without it nothing would ever be stored
                self._wake.clear()
                claimed = await loop.attempt(lambda: self._claim_whole(self._kind.concurrency - self._unstored))
                for job in claimed:
                    self._unstored += 1
                    task = asyncio.create_task(self._call(job))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                if not claimed or self._unstored >= self._kind.concurrency:
                    await loop.wait_for(self._wake, POLL_SECONDS)
        finally:
            await self._drain(committer)

    async def _drain(self, committer: asyncio.Task[None]) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=10)
        # A call whose answer could not be stored in time is made again: its lease runs out.
        stored = asyncio.create_task(self._ended.join())
        await asyncio.wait({stored, committer}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        stored.cancel()
        committer.cancel()
        await asyncio.gather(committer, return_exceptions=True)

    async def _claim_whole(self, room: int) -> list[ClaimedJob]:
        """As `_claim`; cancelled meanwhile, it gives back what it took, so that nobody waits for the lease."""
        claiming = asyncio.create_task(self._claim(room))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(*TRANSIENT):
                await self._give_back(await claiming)
            raise

    async def _give_back(self, jobs: Sequence[ClaimedJob]) -> None:
        await self._pool.execute(
            """update jobs set claimed_until = null, attempts = attempts - 1
               from unnest($2::uuid[], $3::text[], $4::int[]) as b (stream_id, subject, attempt)
               where jobs.kind = $1 and jobs.stream_id = b.stream_id and jobs.subject = b.subject
                 and jobs.attempts = b.attempt""",
            self._kind.kind,
            [job.stream.id for job in jobs],
            [job.subject for job in jobs],
            [job.attempt for job in jobs],
        )

    async def _claim(self, room: int) -> list[ClaimedJob]:
        if room <= 0:
            return []
        rows = await self._pool.fetch(
            """with due as (
                   select kind, stream_id, subject from jobs
                   where kind = $1 and status = 'ready' and run_at <= now()
                     and (claimed_until is null or claimed_until < now())
                     and not exists (select from paused where paused.counterpart = jobs.counterpart)
                     and not exists (select from paused_kinds where paused_kinds.kind = $1)
                   order by run_at limit $2 for update skip locked)
               update jobs set claimed_until = now() + $3 * interval '1 second', attempts = attempts + 1
               from due where jobs.kind = due.kind and jobs.stream_id = due.stream_id and jobs.subject = due.subject
               returning jobs.stream_kind, jobs.stream_id, jobs.subject, jobs.attempts, jobs.state""",
            self._kind.kind,
            room,
            self._lease,
        )
        traces: Mapping[UUID, str] = {}
        with suppress(*TRANSIENT):  # the jobs are claimed: better called without traces than lost
            traces = await tracing.known(self._pool, [row["stream_id"] for row in rows])
        return [
            ClaimedJob(
                self._kind.kind,
                Stream(row["stream_kind"], row["stream_id"]),
                row["subject"],
                row["attempts"],
                json.loads(row["state"]),
                traces.get(row["stream_id"]),
            )
            for row in rows
        ]

    async def _call(self, job: ClaimedJob) -> None:
        outcome: Done | Retry
        traceparent: str | None = None
        try:
            with (
                traced(job.traceparent),
                tracing.span(
                    f"job {job.kind}", silkpost__counterpart=self._kind.counterpart, silkpost__try=job.attempt
                ),
            ):
                traceparent = current_traceparent()
                failpoints.reach("jobs.claimed")
                async with asyncio.timeout(self._lease / 2):
                    outcome = await self._kind.run(job)
                failpoints.reach("jobs.answered")
        except Retry as retry:
            outcome = retry
        except Exception as error:
            log.warning("outside call failed", job=job.kind, stream=str(job.stream), error=error)
            # httpx's errors are the counterpart's, and a time-out is the call's own: any other passing error is our
            # database's.
            ours = isinstance(error, TRANSIENT) and not isinstance(error, TimeoutError)
            outcome = Retry(describe(error), may_be_last=not ours)
        await self._ended.put(_Ended(job, outcome, traceparent))

    async def _commit(self, loop: Loop) -> None:
        while True:
            ended = [await self._ended.get()]
            while len(ended) < COMMIT_TOGETHER and not self._ended.empty():
                ended.append(self._ended.get_nowait())
            await self._store_all(ended, loop)
            self._unstored -= len(ended)
            for _ in ended:
                self._ended.task_done()
            self._wake.set()

    async def _store_all(self, ended: Sequence[_Ended], loop: Loop) -> None:
        """Stores them together. An answer that cannot be stored, because a rule fails on its stream, is parked alone
        and holds up no other."""

        async def store(some: Sequence[_Ended]) -> None:
            await loop.attempt(lambda: self._commit_stored(lambda db: self._store(db, some)))

        async def park(call: _Ended, error: Exception) -> None:
            job = call.job
            log.error("answer could not be stored", job=job.kind, stream=str(job.stream), error=error)
            await loop.attempt(lambda: self._commit_stored(lambda db: self._park(db, job, describe(error))))

        await isolate_failures(ended, store, park)

    async def _commit_stored(self, store: Callable[[DB], Awaitable[None]]) -> None:
        await self._ledger.run(store)
        failpoints.reach("jobs.stored")

    async def _store(self, db: DB, ended: Sequence[_Ended]) -> None:
        sets = await self._ledger.lock(db, {call.job.stream for call in ended})
        published: list[Event] = []
        finished: list[tuple[ClaimedJob, str, str | None]] = []
        for job, outcome in ((call.job, call.outcome) for call in ended):
            facts = sets[job.stream.id]
            match outcome:
                case Done():
                    if outcome.save is not None:
                        await outcome.save(db, facts)
                    if not any(kind in facts for kind in outcome.unless):
                        published += outcome.published
                    finished.append((job, "done", None))
                case Retry() if job.attempt >= self._kind.max_attempts and outcome.may_be_last:
                    if await self._is_held(db, job):
                        published += self._kind.exhausted(job, outcome.reason)
                        finished.append((job, "exhausted", outcome.reason))
                case Retry():
                    await self._again(db, job, outcome)
        await self._finish(db, finished)
        traces = {call.job.stream.id: call.traceparent for call in ended if call.traceparent} if tracing.on() else None
        await self._ledger.record(db, published=published, traces=traces)

    async def _park(self, db: DB, job: ClaimedJob, reason: str) -> None:
        """Tries again much later, or no more: nothing is decided, and a person is informed (`Ledger.undecided`)."""
        await self._ledger.undecided(db, job.stream)
        if job.attempt >= self._kind.max_attempts:
            if await self._is_held(db, job):
                await self._finish(db, [(job, "exhausted", reason)])
        else:
            await self._again(db, job, Retry(reason, LONGEST_WAIT_SECONDS))

    async def _is_held(self, db: DB, job: ClaimedJob) -> bool:
        """Whether this attempt still holds the job, which stays locked until the transaction ends. A job whose lease
        ran out belongs to another worker by now: a failed attempt has no effect on it."""
        held = await db.fetchval(
            """select true from jobs where kind = $1 and stream_id = $2 and subject = $3
               and attempts = $4 and status = 'ready' for update""",
            job.kind,
            job.stream.id,
            job.subject,
            job.attempt,
        )
        return bool(held)

    async def _finish(self, db: DB, finished: Sequence[tuple[ClaimedJob, str, str | None]]) -> None:
        """Jobs with the status in which each ends, and why."""
        if not finished:
            return
        for job, status, _ in finished:
            metrics.jobs.labels(job.kind, status).inc()
        await db.execute(
            """update jobs set status = f.status, reason = f.reason, claimed_until = null, finished_at = now()
               from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[])
                    as f (kind, stream_id, subject, status, reason)
               where jobs.kind = f.kind and jobs.stream_id = f.stream_id and jobs.subject = f.subject""",
            [job.kind for job, _, _ in finished],
            [job.stream.id for job, _, _ in finished],
            [job.subject for job, _, _ in finished],
            [status for _, status, _ in finished],
            [reason for _, _, reason in finished],
        )

    async def _again(self, db: DB, job: ClaimedJob, retry: Retry) -> None:
        """No effect on a job that is no longer held: see `_is_held`."""
        metrics.jobs.labels(job.kind, "retry").inc()
        backed_off = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(job.attempt - 1, 10))
        wait = backed_off * random.uniform(0.5, 1.0) if retry.after is None else retry.after  # noqa: S311
        await db.execute(
            """update jobs set run_at = now() + $4 * interval '1 second', claimed_until = null, reason = $5, state = $6
               where kind = $1 and stream_id = $2 and subject = $3 and attempts = $7 and status = 'ready'""",
            job.kind,
            job.stream.id,
            job.subject,
            wait,
            retry.reason,
            json.dumps(dict(job.state) if retry.state is None else dict(retry.state)),
            job.attempt,
        )
