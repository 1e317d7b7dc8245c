"""Jobs: tried until they are answered, claimed by one worker at a time, never lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import asyncpg
import pytest

from contracts.cases import CaseOpened
from shared import tracing
from shared.jobs import pauses
from shared.jobs import worker as jobs
from shared.jobs.worker import ClaimedJob, Done, Retry
from shared.loop import Loop
from shared.platform import Platform, connected
from tests.support.platform_pair import (
    Asked,
    Called,
    Pair,
    ask,
    both,
    count,
)
from tests.support.waiting import until


async def test_a_job_is_tried_until_it_is_answered(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        await ask(asker, "call")

        async def called() -> bool:
            return await count(asker, Called) == 1

        await until(called)
        assert pair.attempts == 3
        assert await answerer.pool.fetchval("select status from jobs") == "done"


async def test_a_job_claimed_just_when_the_service_is_stopped_is_given_back(pair: Pair) -> None:
    """A lock on the table that is read after the claim holds the worker up between the two."""
    tracing.begin("test", "http://127.0.0.1:1")
    gate, outside = await asyncpg.connect(pair.answerer_dsn), await asyncpg.connect(pair.answerer_dsn)

    async def open_later() -> None:
        await asyncio.sleep(0.5)
        await gate.execute("rollback")

    try:
        async with both(pair):
            await gate.execute("begin; lock table stream_traces in access exclusive mode")
            await outside.execute(
                """insert into jobs (kind, stream_kind, stream_id, subject, counterpart)
                   values ('call', 'order', gen_random_uuid(), '', 'test.counterpart')"""
            )

            async def claimed() -> bool:
                return bool(await outside.fetchval("select count(*) from jobs where claimed_until > now()"))

            await until(claimed)
            opening = asyncio.create_task(open_later())
        await opening
        stored_jobs = await outside.fetch("select status, attempts, claimed_until from jobs")
        assert [tuple(job) for job in stored_jobs] == [("ready", 0, None)]
        assert pair.attempts == 0
    finally:
        await gate.close()
        await outside.close()
        await tracing.end()


async def test_an_answer_that_cannot_be_stored_holds_up_no_other(pair: Pair) -> None:
    """Neither when the order's facts cannot be read, nor when the decision on the answer fails, for good at last."""
    pair.undecided.add("call, but no decision")
    async with both(pair) as (asker, answerer):
        async with answerer.ledger.transaction() as db:
            await pauses.pause(db, "test.counterpart")
        undecided, unreadable = await ask(asker, "call, but no decision", "call")
        outputs = "select count(*) = $1 from jobs"
        await until(lambda: answerer.pool.fetchval(outputs, 2))
        spoil = "update facts set body = '{}' where stream_id = $1 and type = 'test-asked.v1'"
        await answerer.pool.execute(spoil, unreadable)
        await answerer.pool.execute("update streams set size = size + 1 where id = $1", unreadable)
        await answerer.pool.execute("""update jobs set attempts = 2, state = '{"seen": 2}'""")
        async with answerer.ledger.transaction() as db:
            await pauses.resume(db, "test.counterpart")
        await ask(asker, "call")

        async def called() -> bool:
            return await count(asker, Called) == 1

        await until(called)
        parked = "select count(*) = 2 from jobs where status = 'ready' and run_at > now() + interval '4 minutes'"
        await until(lambda: answerer.pool.fetchval(parked))
        await answerer.pool.execute("update jobs set attempts = 7, run_at = now() where stream_id = $1", undecided)
        ended = "select status = 'exhausted' from jobs where stream_id = $1"
        await until(lambda: answerer.pool.fetchval(ended, undecided))
        cases = "select count(*) from facts where stream_id = $1 and type = $2"
        assert await answerer.pool.fetchval(cases, undecided, CaseOpened.TYPE) == 1


async def job_row(platform: Platform) -> tuple[str, int, bool]:
    """The one job: its status, its tries, and whether somebody holds it."""
    row = await platform.pool.fetchrow("select status, attempts, claimed_until > now() as held from jobs")
    assert row is not None
    return row["status"], row["attempts"], bool(row["held"])


@pytest.mark.parametrize("tries", [1, 8])
async def test_a_try_whose_lease_ran_out_lets_nobody_else_at_the_job_of_its_successor(pair: Pair, tries: int) -> None:
    """It froze; another worker calls meanwhile. That its own try failed, and was the last, is no news any more."""
    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, service):
        await ask(answerer, "call")
        kind = replace(service.jobs[0], exhausted=lambda job, _: [called_of(job)])
        frozen, other, third = (jobs.Worker(answerer.pool, answerer.ledger, kind, 60) for _ in range(3))
        await answerer.pool.execute("update jobs set attempts = $1", tries - 1)
        [held] = await frozen._claim(1)
        await answerer.pool.execute("update jobs set claimed_until = now() - interval '1 second'")
        assert len(await other._claim(1)) == 1
        async with answerer.ledger.transaction() as db:
            await frozen._store(db, [jobs._Ended(held, Retry("failed", after=0))])
        await frozen._give_back([held])
        assert await third._claim(1) == []
        assert await job_row(answerer) == ("ready", tries + 1, True)
        assert await count(answerer, Called) == 0


def called_of(job: ClaimedJob) -> Called:
    return Called(order_id=job.stream.id, occurred_at=datetime.now(UTC), attempt=job.attempt)


async def test_a_job_is_claimed_once_however_many_workers_ask_at_once(pair: Pair) -> None:
    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, service):
        await ask(answerer, *["call"] * 40)
        workers = [jobs.Worker(answerer.pool, answerer.ledger, service.jobs[0], 60) for _ in range(8)]
        claims = await asyncio.gather(*(worker._claim(16) for worker in workers))
        claimed = [job for claim in claims for job in claim]
        assert len(claimed) == len({job.stream.id for job in claimed}) == 40


async def test_a_job_is_not_given_up_for_a_fault_of_our_own_database(pair: Pair) -> None:
    """Its last try met a deadlock before anybody was called."""

    async def call(job: ClaimedJob) -> Done:
        if job.attempt == 8:
            raise asyncpg.DeadlockDetectedError
        return Done([called_of(job)])

    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, service):
        await ask(answerer, "call")
        await answerer.pool.execute("update jobs set attempts = 7")
        worker = jobs.Worker(answerer.pool, answerer.ledger, replace(service.jobs[0], run=call), 60)
        running = asyncio.create_task(worker.run(Loop("jobs")))
        await until(lambda: answerer.pool.fetchval("select status = 'ready' and reason is not null from jobs"))
        await answerer.pool.execute("update jobs set run_at = now()")

        async def ended() -> bool:
            return (await job_row(answerer))[0] != "ready"

        await until(ended)
        assert await job_row(answerer) == ("done", 9, False)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_worker_that_can_store_nothing_ends(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look healthy, and call nobody."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, service):
        await ask(answerer, "call")
        await answerer.pool.execute(
            """insert into jobs (kind, stream_kind, stream_id, subject, counterpart)
               values ('call', 'order', gen_random_uuid(), '', 'test.counterpart')"""
        )
        worker = jobs.Worker(answerer.pool, answerer.ledger, service.jobs[0], 60)
        monkeypatch.setattr(worker, "_store_all", broken)
        async with asyncio.timeout(60):
            with pytest.raises(ZeroDivisionError):
                await worker.run(Loop("jobs"))


async def test_a_commit_wakes_the_workers_of_the_jobs_that_it_added_and_no_others(pair: Pair) -> None:
    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, _):
        woken: list[str] = []
        answerer.workers |= {kind: partial(woken.append, kind) for kind in ("call", "another")}

        async def ask_with(text: str) -> None:
            event = Asked(order_id=uuid4(), occurred_at=datetime.now(UTC), text=text)
            async with answerer.ledger.transaction() as db:
                await answerer.ledger.record(db, consumed=[event])
                assert woken == []

        await ask_with("plain")
        await ask_with("call")
        assert woken == ["call"]


async def test_a_kind_waits_until_no_stream_pauses_it(pair: Pair) -> None:
    """As when a contract is changed while labels are paused under the one before."""
    first, second = uuid4(), uuid4()
    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, _service):
        for stream_id in (first, first, second):
            async with answerer.ledger.transaction() as db:
                await pauses.pause_kind(db, "call", stream_id)
        async with answerer.ledger.transaction() as db:
            await pauses.resume_kind(db, "call", first)
            assert await pauses.pausing_streams(db, "call") == [second]
            assert await pauses.pausing_streams(db, "other") == []
