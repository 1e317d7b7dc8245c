"""The platform by itself: two small services that know only each other, on real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from contracts.base import Topic, order_stream
from contracts.cases import CaseClosed, CaseOpened
from sandbox.local.servers import Broker, Servers
from services.persons import records as persons
from shared import tracing
from shared.db import DB
from shared.jobs import pauses
from shared.jobs import worker as jobs
from shared.jobs.worker import ClaimedJob, Done, Retry
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.loop import Loop
from shared.messaging import dead_letters
from shared.messaging.consumer import _Listener
from shared.messaging.decoder import Decoder, as_record
from shared.messaging.generations import LogEnd, advance, log_ends
from shared.messaging.partition_log import LogProbe, reader_died, sender_died
from shared.messaging.relay import Relay, _Sent
from shared.operations.provision import create_topics
from shared.platform import Platform, Service, connected, running
from shared.settings import PlatformSettings
from tests.integration.platform_pair import (
    Answered,
    Asked,
    Called,
    Overdue,
    Pair,
    ask,
    both,
    count,
    decided_by,
    events,
    new_pair,
    nobody_refused,
    numbers,
    order_in,
    produce,
    published,
)
from tests.live import until


@pytest.fixture
async def pair(servers: Servers) -> Pair:
    return await new_pair(servers, servers.kafka_bootstrap)


async def test_a_fact_travels_and_comes_back(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        await ask(asker, *["plain"] * 300)

        async def answered() -> bool:
            return await count(asker, Answered) == 300

        await until(answered)
        assert await count(answerer, Asked) == 300
        assert await asker.pool.fetchval("select count(*) from outbox where sent_at is null") == 0


async def test_a_repeated_record_has_no_effect(pair: Pair, servers: Servers) -> None:
    event = Asked(order_id=uuid4(), occurred_at=datetime.now(UTC))
    await produce(pair, pair.asks.name, event, times=20)
    async with both(pair) as (asker, answerer):

        async def answered() -> bool:
            return await count(asker, Answered) == 1

        await until(answered)
        assert await answerer.pool.fetchval("select count(*) from outbox") == 1


async def test_bad_records_become_dead_letters_and_hold_up_nothing_else(pair: Pair) -> None:
    now = datetime.now(UTC)
    bad = [Asked(order_id=uuid4(), occurred_at=now) for _ in range(4)]
    await produce(pair, pair.asks.name, bad[0], body=b"{")
    await produce(pair, pair.asks.name, bad[1], kind="test-asked.v2")
    await produce(pair, pair.asks.name, bad[2], empty=True)
    await produce(pair, pair.asks.name, bad[3], kind="unheard-of.v1")
    pair.broken.add("poison")
    async with both(pair) as (asker, answerer):
        poisoned, *_others = await ask(asker, "poison", *["plain"] * 50)

        async def answered() -> bool:
            return await count(asker, Answered) == 50

        await until(answered)

        async def dead_lettered() -> bool:
            return bool(await answerer.pool.fetchval("select count(*) = 5 from dead_letters"))

        await until(dead_lettered)
        letters = {letter.stream_id: letter for letter in await dead_letters.find(answerer.pool, waiting=False)}
        assert set(letters) == {*(event.order_id for event in bad), poisoned}
        assert "json_invalid" in letters[bad[0].order_id].cause
        assert "newer" in letters[bad[1].order_id].cause
        assert letters[bad[2].order_id].cause == "empty value"
        assert letters[bad[3].order_id].cause == "no such fact is published on this topic"
        assert "ZeroDivisionError" in letters[poisoned].cause
        assert await count(answerer, CaseOpened) == 3, "none for a newer version, and none for a stranger's record"

        with pytest.raises(dead_letters.StillDead, match="ZeroDivisionError"):
            await answerer.letters.replay(letters[poisoned].id)
        pair.broken.clear()
        await answerer.letters.replay(letters[poisoned].id)

        async def all_answered() -> bool:
            return await count(asker, Answered) == 51

        await until(all_answered)
        assert await count(answerer, CaseClosed) == 1
        with pytest.raises(dead_letters.StillDead, match="newer"):
            await answerer.letters.replay(letters[bad[1].order_id].id)


async def test_records_of_strangers_hold_up_nothing(pair: Pair) -> None:
    """Whatever the headers hold, and whenever a body says that it happened."""
    now = datetime.now(UTC)
    late = Asked(order_id=uuid4(), occurred_at=now)
    body = late.model_dump(mode="json") | {"occurred_at": "0001-01-01T00:00:00+08:00"}
    await produce(pair, pair.asks.name, late, body=json.dumps(body).encode())
    await produce(pair, pair.asks.name, Asked(order_id=uuid4(), occurred_at=now), kind="test-asked.v\0")
    await produce(pair, pair.asks.name, Asked(order_id=uuid4(), occurred_at=now), generation=f"{2**40}@0")
    producer = AIOKafkaProducer(bootstrap_servers=pair.bootstrap)
    await producer.start()
    await producer.send_and_wait(pair.asks.name, b"?", b"\0", headers=[("ce_type", None), ("ce_id", b"\xff")])
    await producer.stop()
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")

        async def answered() -> bool:
            return await count(asker, Answered) == 2  # what states an absurd generation is of the first

        await until(answered)
        causes = [letter.cause for letter in await dead_letters.find(answerer.pool, waiting=False)]
        assert len(causes) == 3
        assert any("occurred_at" in cause for cause in causes)
        assert any("newer" in cause for cause in causes)
        assert "no such fact is published on this topic" in causes


@pytest.mark.parametrize("fault", ["unreadable", "unhandled", "unhandled, one at a time"])
async def test_many_dead_letters_in_a_row_stop_the_service(pair: Pair, fault: str) -> None:
    """Those of one order do not, for the fault is its own."""
    pair.broken.add("poison")
    own = Asked(order_id=order_in(1), occurred_at=datetime.now(UTC))
    await produce(pair, pair.asks.name, own, body=b"[]", times=8, partition=1)
    async with both(pair) as (asker, answerer):

        async def dead_lettered(letters: int) -> bool:
            return bool(await answerer.pool.fetchval("select count(*) = $1 from dead_letters", letters))

        await until(partial(dead_lettered, 8))
        await ask(asker, "plain")
        await until(lambda: published(answerer, Answered))
        if fault == "unreadable":
            for _ in range(12):
                event = Asked(order_id=order_in(0), occurred_at=datetime.now(UTC))
                await produce(pair, pair.asks.name, event, body=b"[]", partition=0)
        elif fault == "unhandled":
            await ask(asker, *["poison"] * 12, partition=0)
        else:
            for number in range(5):
                await ask(asker, "poison", partition=0)
                await until(partial(dead_lettered, 9 + number))
            await ask(asker, "poison", partition=0)
        await until(lambda: any(loop.stopped for loop in answerer.state.loops))
        assert await dead_lettered(8 + 5)


async def test_a_job_is_tried_until_it_is_answered(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        await ask(asker, "call")

        async def called() -> bool:
            return await count(asker, Called) == 1

        await until(called)
        assert pair.attempts == 3
        assert await answerer.pool.fetchval("select status from jobs") == "done"


async def test_a_job_claimed_just_when_the_service_is_told_to_leave_is_given_back(pair: Pair) -> None:
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
        left = await outside.fetch("select status, attempts, claimed_until from jobs")
        assert [tuple(job) for job in left] == [("ready", 0, None)]
        assert pair.attempts == 0
    finally:
        await gate.close()
        await outside.close()
        await tracing.end()


async def test_a_set_of_facts_grows_without_a_write_to_an_index(pair: Pair) -> None:
    """Every batch changes `size`: an index that holds it, or has it in its condition, would be written each time."""
    written = """select pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
                 from pg_class where relname = 'streams'"""
    async with connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):
        [order] = await ask(asker, "plain")
        async with asker.ledger.transaction() as db:
            answered = Answered(order_id=order, occurred_at=datetime.now(UTC))
            await asker.ledger.record(db, consumed=[answered])
            [(rows, alone)] = await db.fetch(written)
        assert rows == alone == 1


async def test_a_commit_wakes_the_workers_of_the_jobs_that_it_added_and_no_others(pair: Pair) -> None:
    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, _):
        woken: list[str] = []
        answerer.workers |= {kind: partial(woken.append, kind) for kind in ("call", "another")}

        async def asked(text: str) -> None:
            event = Asked(order_id=uuid4(), occurred_at=datetime.now(UTC), text=text)
            async with answerer.ledger.transaction() as db:
                await answerer.ledger.record(db, consumed=[event])
                assert woken == []

        await asked("plain")
        await asked("call")
        assert woken == ["call"]


async def test_a_group_that_does_not_settle_gets_a_new_member(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """As aiokafka waits when the answer to its join was lost."""

    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")
        await until(lambda: published(answerer, Answered))
        client = answerer.consumer._client
        monkeypatch.setattr(client._fetcher, "fetched_records", wait)
        monkeypatch.setattr(client, "commit", wait)
        with monkeypatch.context() as hurried:
            hurried.setattr("shared.messaging.consumer.SETTLED_SECONDS", 1.0)
            await until(lambda: answerer.consumer._client is not client)
        await ask(asker, "plain")

        async def answered() -> bool:
            return await count(asker, Answered) == 2

        await until(answered)


async def test_an_alarm_rings(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        await ask(asker, "deadline")

        async def overdue() -> bool:
            return await count(asker, Overdue) == 1

        await until(overdue)
        assert await answerer.pool.fetchval("select count(*) from streams where due_at is not null") == 0


async def test_an_order_that_cannot_be_decided_holds_up_no_other_alarm(pair: Pair) -> None:
    pair.undecided.add("deadline, but no decision")
    async with both(pair) as (asker, answerer):
        undecided, *_ = await ask(asker, "deadline, but no decision", "deadline", "deadline")

        async def overdue() -> bool:
            return await count(asker, Overdue) == 2

        await until(overdue)
        put_off = "select id from streams where due_at > now() + interval '50 minutes'"
        assert await until(lambda: answerer.pool.fetchval(put_off)) == undecided
        case = Facts(order_stream(undecided), await events(answerer, undecided)).first(CaseOpened)
        assert case is not None
        assert (case.case, case.action) == (f"needs_attention:undecided:{pair.answers.producer}", "look_into")
        pair.undecided.clear()
        await answerer.pool.execute("update streams set due_at = now() where id = $1", undecided)

        async def decided() -> bool:
            return await count(asker, Overdue) == 3

        await until(decided)


async def test_alarms_ring_while_orders_never_stop_coming(pair: Pair) -> None:
    """At no moment has the service read all that is in the log."""
    pair.seconds = 0.3
    async with both(pair) as (asker, _):

        async def traffic() -> None:
            while True:
                await ask(asker, "plain")
                await asyncio.sleep(0.02)

        stream = asyncio.create_task(traffic())
        try:
            await ask(asker, "deadline")

            async def overdue() -> bool:
                return await count(asker, Overdue) == 1

            await until(overdue, 60)
        finally:
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)


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


async def test_nobody_writes_of_a_person_who_is_being_erased(pair: Pair) -> None:
    """Erasing waits for who has locked the order: what that one stores is dropped with the rest."""
    dropped: list[UUID] = []

    async def on_erased(_: DB, order_ids: Sequence[UUID]) -> None:
        dropped.extend(order_ids)

    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, service):
        keeper = persons.Persons({}, on_erased)
        decoder = Decoder(
            service.consumes, service.subscriptions, answerer.ledger, answerer.clock.now, keepers=[keeper]
        )
        order_id = uuid4()
        partition = TopicPartition(persons.TOPIC, 0)
        tombstone = as_record(partition, SimpleNamespace(offset=0, key=str(order_id).encode(), value=None, headers=()))

        async def erase() -> None:
            async with answerer.ledger.transaction() as db:
                await decoder.apply(db, [decoder.read(tombstone)])

        async with answerer.ledger.transaction() as db:
            await answerer.ledger.lock(db, [order_stream(order_id)])
            erasing = asyncio.create_task(erase())
            waiting = "wait_event_type = 'Lock' and datname = current_database()"
            await until(lambda: answerer.pool.fetchval(f"select count(*) > 0 from pg_stat_activity where {waiting}"))
            assert not dropped
        await erasing
        assert dropped == [order_id]


async def test_what_nobody_hears_again_is_in_the_read_tables_too(pair: Pair) -> None:
    """A case that a dead letter opens here, for the service does not listen to itself."""
    pair.broken.add("poison")
    async with both(pair) as (asker, answerer):
        [poisoned] = await ask(asker, "poison")

        async def shown() -> bool:
            return poisoned in pair.projected

        await until(shown)
        assert await count(answerer, CaseOpened) == 1


async def test_a_service_whose_relay_breaks_ends(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half alive it would take in what it never says."""

    async def broken() -> int:
        raise ZeroDivisionError

    ended = asyncio.Event()
    by_itself: list[bool] = []

    async def half_alive() -> None:
        async with running(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):
            asker.on_end = ended.set
            await until(lambda: hasattr(asker, "relay"))
            monkeypatch.setattr(asker.relay, "send_once", broken)
            async with asyncio.timeout(60):
                await ended.wait()
            by_itself.append(True)

    with pytest.raises(ZeroDivisionError):
        await half_alive()
    assert by_itself


async def test_a_relay_told_to_leave_finishes_its_round(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the broker has acknowledged is marked as sent, so that no replica sends it again."""
    settings, acknowledged = pair.settings(pair.asker_dsn), asyncio.Event()
    async with connected(pair.asker, settings) as (asker, service):
        await ask(asker, "first")
        probe = LogProbe(settings)
        await probe.start()
        relay = Relay(settings, asker.pool, probe, service.name, service.own_topics, nobody_refused)
        await relay.start(Loop("relay"))
        mark = relay._mark

        async def mark_late(db: DB, sent: Sequence[_Sent]) -> None:
            acknowledged.set()
            await asyncio.sleep(0.5)
            await mark(db, sent)

        monkeypatch.setattr(relay, "_mark", mark_late)
        running_relay = asyncio.create_task(relay.run(Loop("relay")))
        await acknowledged.wait()
        await ask(asker, "said by a loop that left before")
        running_relay.cancel()
        await asyncio.wait({running_relay})
        await relay.stop()
        await probe.stop()
        assert running_relay.cancelled()
        assert await asker.pool.fetchval("select count(*) from outbox where sent_at is null") == 0


async def test_a_batch_too_large_for_the_broker_leaves_in_smaller_ones(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(pair) as (asker, _):
        await until(lambda: hasattr(asker, "relay"))
        producer = asker.relay._producer
        send = producer.send_batch

        async def send_small(batch: Any, topic: str, *, partition: int) -> Any:
            if batch.record_count() > 3:
                raise MessageSizeTooLargeError
            return await send(batch, topic, partition=partition)

        monkeypatch.setattr(producer, "send_batch", send_small)
        await ask(asker, *["plain"] * 50)

        async def answered() -> bool:
            return await count(asker, Answered) == 50

        await until(answered)
        assert await dead_letters.find(asker.pool) == []


async def test_a_loss_between_two_batches_of_one_round_is_noticed(pair: Pair) -> None:
    """The second was repeated by aiokafka on a log that had lost the first."""
    async with both(pair) as (asker, _):
        await ask(asker, *["plain"] * 4)
        sent = "select count(*) = 4 from outbox where sent_at is not null"
        await until(lambda: asker.pool.fetchval(sent))
        partition, offsets = TopicPartition(pair.asks.name, 0), (4, 5, 0, 1)
        async with asker.pool.acquire() as db, db.transaction():
            await db.execute("update outbox set partition = 0")
            assert await advance(db, {partition: offsets}, {partition: LogEnd(highest=3)})
            assert (await log_ends(db))[partition] == LogEnd(highest=-1, generation=1, start=0)
            assert await db.fetchval("select count(*) from outbox where sent_at is null") == 4


async def test_an_order_whose_facts_cannot_be_read_holds_up_no_other(pair: Pair) -> None:
    """Neither when its alarm rings nor when more is said of it."""
    async with both(pair) as (asker, answerer):
        [spoilt] = await ask(asker, "plain")

        async def answered(wanted: int) -> bool:
            return await count(asker, Answered) == wanted

        await until(partial(answered, 1))
        spoilt_fact = "stream_id = $1 and type = 'test-asked.v1'"
        await answerer.pool.execute(f"update facts set body = '{{}}' where {spoilt_fact}", spoilt)
        wake = "update streams set due_at = now(), size = size + 1 where id = $1"  # no cached set fits
        await answerer.pool.execute(wake, spoilt)
        put_off = "select id from streams where due_at > now() + interval '50 minutes'"
        assert await until(lambda: answerer.pool.fetchval(put_off)) == spoilt
        await produce(pair, pair.asks.name, Asked(order_id=spoilt, occurred_at=datetime.now(UTC)))
        await ask(asker, "plain")
        await until(partial(answered, 2))
        [letter] = await dead_letters.find(answerer.pool)
        assert (letter.stream_id, "ValidationError" in letter.cause) == (spoilt, True)


async def test_a_client_that_dies_is_followed_by_a_new_one(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What aiokafka does in the background ends for good at an error that it did not expect. The errors are made here;
    that they happen was seen when a broker was frozen."""

    def unexpected(*_: object) -> None:
        raise ZeroDivisionError

    async def answered(wanted: int) -> bool:
        return await count(asker, Answered) == wanted

    async def dead() -> bool:
        return died(client)

    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")
        await until(partial(answered, 1))
        for number, step in enumerate(("coordinate", "fetch", "send"), start=2):
            with monkeypatch.context() as patched:
                match step:
                    case "coordinate":
                        client, died = answerer.consumer._client, reader_died
                        patched.setattr(client._coordinator, "_maybe_do_autocommit", unexpected)
                        client._coordinator.request_rejoin()
                    case "fetch":
                        client, died = answerer.consumer._client, reader_died
                        patched.setattr(client._fetcher, "_get_actions_per_node", unexpected)
                    case _:
                        client, died = answerer.relay._producer, sender_died
                        patched.setattr(client._sender._message_accumulator, "drain_by_nodes", unexpected)
                await ask(asker, "plain")
                await until(dead)
            await until(partial(answered, number))


async def test_a_probe_whose_client_died_while_the_broker_was_away(own_broker: Broker) -> None:
    topic = Topic(f"test{next(numbers)}.probed", "nobody", (), (Asked,), 1)
    await create_topics(own_broker.bootstrap, [topic])
    probe = LogProbe(PlatformSettings(kafka_bootstrap=own_broker.bootstrap))
    await probe.start()
    try:
        partitions = await probe.partitions([topic.name])
        probe._client._fetcher._fetch_task.cancel()
        own_broker.kill()
        for _ in range(2):
            with pytest.raises(KafkaError):  # as when it goes away between two questions
                await probe._renew()
        await own_broker.start()
        await create_topics(own_broker.bootstrap, [topic])
        assert await probe.ends(partitions) == dict.fromkeys(partitions, 0)
    finally:
        await probe.stop()


async def test_a_broker_that_forgets_everything(servers: Servers, own_broker: Broker) -> None:
    """Killed while facts are under way and started again empty: every question is answered all the same."""
    pair = await new_pair(servers, own_broker.bootstrap)
    async with both(pair) as (asker, answerer):
        await ask(asker, *["plain"] * 200)

        async def some() -> bool:
            return await count(answerer, Asked) > 0

        await until(some)
        own_broker.kill()
        await ask(asker, *["plain"] * 50)
        await own_broker.start()

        async def answered() -> bool:
            return await count(asker, Answered) == 250

        await until(answered)
        # and nothing at all is written anew: what the broker lost comes again by itself
        own_broker.kill()
        await own_broker.start()

        async def sent_again() -> bool:
            ends = await asker.pool.fetchval("select max(generation) from log_ends")
            unsent = await asker.pool.fetchval("select count(*) from outbox where sent_at is null")
            return ends is not None and ends >= 2 and unsent == 0

        await until(sent_again)
        await ask(asker, "plain")

        async def one_more() -> bool:
            return await count(asker, Answered) == 251

        await until(one_more)


async def test_a_reader_far_behind_a_new_generation_misses_nothing(pair: Pair) -> None:
    """The broker lost what followed offset 10; a reader that has read nothing yet must not skip the first ten."""
    for number in range(20):
        event = Asked(order_id=uuid4(), occurred_at=datetime.now(UTC))
        await produce(pair, pair.asks.name, event, generation="0@0" if number < 10 else "1@10", partition=0)
    async with both(pair) as (asker, answerer):

        async def answered() -> bool:
            return await count(asker, Answered) == 20

        await until(answered)
        assert await answerer.pool.fetchval("select max(generation) from positions") == 1


async def test_a_restored_database_decides_nothing(pair: Pair) -> None:
    async with both(pair) as (asker, _):
        await ask(asker, *["plain"] * 3)

        async def answered() -> bool:
            return await count(asker, Answered) == 3

        await until(answered)
        await asker.pool.execute("delete from outbox where id in (select id from outbox order by id desc limit 2)")
        await asker.pool.execute("update log_ends set highest_offset = highest_offset - 1")
    async with running(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):

        async def blocked() -> bool:
            return asker.state.blocked is not None

        await until(blocked)
        with pytest.raises(Exception, match="unknown to this database"):
            await ask(asker, "plain")


@dataclass
class Revoking(Pair):
    """Where the first batch loses its partitions while it is being worked on, and then fails."""

    failed: int = 0

    def answerer(self, platform: Platform) -> Service:
        service = super().answerer(platform)
        decide = service.kinds[0].decide
        assert decide is not None

        async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            if not self.failed:
                self.failed += 1
                consumer = platform.consumer
                listener, partitions = _Listener(consumer._unloaded, consumer._next), list(consumer._next)
                listener.on_partitions_revoked(partitions)
                listener.on_partitions_assigned(partitions)
                raise ZeroDivisionError
            return await decide(db, orders, context)

        return decided_by(service, handle)


async def test_no_record_dies_of_a_rebalance(servers: Servers) -> None:
    plain = await new_pair(servers, servers.kafka_bootstrap)
    pair = Revoking(plain.asks, plain.answers, plain.asker_dsn, plain.answerer_dsn, plain.bootstrap)
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")

        async def answered() -> bool:
            return await count(asker, Answered) == 1

        await until(answered)
        assert pair.failed == 1
        assert await answerer.pool.fetchval("select count(*) from dead_letters") == 0
