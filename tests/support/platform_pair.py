"""Two small services that know only each other: one asks, the other answers."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from contracts.base import Event, OrderEvent, Topic, order_stream
from contracts.cases import CaseOpened
from contracts.topics import CASES
from sandbox.local.servers import Servers
from services.cases import hooks
from services.persons.schema import PERSON_CHANGES_SCHEMA, PERSONS_SCHEMA
from shared.db import DB
from shared.jobs.worker import ClaimedJob, Done, JobKind, Retry
from shared.ledger.facts import DecisionContext, Facts, Job, Output, Timer
from shared.ledger.outbox import headers, partition_of
from shared.ledger.rules import Decide, Project, StreamKind
from shared.operations.provision import create_topics, provision_database
from shared.operations.schema import PLATFORM_SCHEMA
from shared.platform import Platform, Service, running
from shared.settings import PlatformSettings

numbers = itertools.count(1)
"""So that no two tests share a topic."""


class Asked(OrderEvent):
    NAME: ClassVar[str] = "test-asked"
    text: str = ""


class Answered(OrderEvent):
    NAME: ClassVar[str] = "test-answered"


class Called(OrderEvent):
    NAME: ClassVar[str] = "test-called"
    attempt: int


class Overdue(OrderEvent):
    NAME: ClassVar[str] = "test-overdue"


def kinds(decide: Decide, project: Project | None = None) -> tuple[StreamKind, ...]:
    """A service that knows orders only."""
    return (StreamKind(OrderEvent.KIND, decide, project),)


def decided_by(service: Service, decide: Decide) -> Service:
    """The same service with another decision on orders; the one that it had is `service.kinds[0].decide`."""
    return replace(service, kinds=(replace(service.kinds[0], decide=decide),))


@dataclass
class Pair:
    """`asker` publishes Asked and consumes Answered; `answerer` consumes Asked and publishes Answered."""

    asks: Topic
    answers: Topic
    asker_dsn: str
    answerer_dsn: str
    bootstrap: str
    broken: set[str] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)
    """What cannot be decided when its timer is due."""
    attempts: int = 0
    projected: set[UUID] = field(default_factory=set)
    seconds: float = 0
    """How long a decision takes."""

    def settings(self, dsn: str) -> PlatformSettings:
        key = SecretStr(base64.b64encode(bytes(32)).decode())
        return PlatformSettings(
            database_url=SecretStr(dsn), kafka_bootstrap=self.bootstrap, contact_key=key, dead_in_a_row=5
        )

    def asker(self, _: Platform) -> Service:
        async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            return []

        return Service(
            self.asks.producer,
            self.asks,
            (self.answers,),
            (Answered, Called, Overdue),
            kinds(handle),
            hooks(self.asks.producer),
        )

    def answerer(self, _: Platform) -> Service:
        async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            outputs: list[Output] = []
            await asyncio.sleep(self.seconds)
            for facts in orders:
                question = facts.get(Asked)
                if question is None:
                    continue
                if question.text in self.broken:
                    raise ZeroDivisionError(question.text)
                if question.text in self.undecided and Called in facts:
                    raise ZeroDivisionError(question.text)
                outputs.append(Answered(order_id=facts.id, occurred_at=context.now))
                if question.text.startswith("call"):
                    outputs.append(Job("call", facts.stream))
                if question.text.startswith("deadline"):
                    if context.caught_up and question.text in self.undecided:
                        raise ZeroDivisionError(question.text)
                    due_at = question.occurred_at + timedelta(seconds=1)
                    if context.caught_up and context.now >= due_at:
                        outputs.append(Overdue(order_id=facts.id, occurred_at=due_at))
                    else:
                        outputs.append(Timer(facts.stream, due_at))
            return outputs

        async def project(db: DB, orders: Sequence[Facts]) -> None:
            self.projected |= {facts.id for facts in orders if CaseOpened in facts}

        async def call(job: ClaimedJob) -> Done:
            self.attempts += 1
            if job.attempt < 3:
                raise Retry("not yet", after=0.05, state={"seen": job.attempt})
            assert job.state == {"seen": 2}
            return Done([Called(order_id=job.stream.id, occurred_at=datetime.now(UTC), attempt=job.attempt)])

        def exhausted(job: ClaimedJob, reason: str) -> Sequence[Event]:
            return []

        return Service(
            self.answers.producer,
            self.answers,
            (self.asks,),
            (Asked,),
            kinds(handle, project),
            hooks(self.answers.producer),
            jobs=(JobKind("call", "test.counterpart", call, exhausted),),
        )


async def new_pair(servers: Servers, bootstrap: str) -> Pair:
    n = next(numbers)
    dsns = []
    for name in ("asker", "answerer"):
        dsn = await provision_database(servers.admin_dsn, f"test_platform_{os.getpid()}_{name}_{n}", "test")
        db = await asyncpg.connect(dsn)
        for statement in (*PLATFORM_SCHEMA, *PERSONS_SCHEMA, *PERSON_CHANGES_SCHEMA):
            await db.execute(statement)
        await db.close()
        dsns.append(dsn)
    asks = Topic(f"test{n}.asks", f"asker{n}", ("answerer",), (Asked, *CASES), 1)
    answers = Topic(f"test{n}.answers", f"answerer{n}", ("asker",), (Answered, Called, Overdue, *CASES), 1)
    await create_topics(bootstrap, [asks, answers])
    return Pair(asks, answers, dsns[0], dsns[1], bootstrap)


@asynccontextmanager
async def both(pair: Pair) -> AsyncIterator[tuple[Platform, Platform]]:
    async with AsyncExitStack() as stack:
        asker, _ = await stack.enter_async_context(running(pair.asker, pair.settings(pair.asker_dsn)))
        answerer, _ = await stack.enter_async_context(running(pair.answerer, pair.settings(pair.answerer_dsn)))
        yield asker, answerer


def order_in(partition: int) -> UUID:
    """An order of this partition."""
    return next(order for order in (uuid4() for _ in range(1000)) if partition_of(str(order)) == partition)


async def ask(platform: Platform, *texts: str, partition: int | None = None) -> list[UUID]:
    orders = [uuid4() if partition is None else order_in(partition) for _ in texts]
    now = datetime.now(UTC)
    events = [Asked(order_id=order, occurred_at=now, text=text) for order, text in zip(orders, texts, strict=True)]
    async with platform.ledger.transaction() as db:
        await platform.ledger.publish(db, events)
    return [event.order_id for event in events]


async def events(platform: Platform, order_id: UUID) -> list[Event]:
    async with platform.pool.acquire() as db:
        return list((await platform.ledger.read(db, [order_stream(order_id)]))[order_id])


async def nobody_refused(row: asyncpg.Record) -> None:
    """For a relay whose broker takes everything."""
    raise AssertionError(row)


async def published(platform: Platform, kind: type[Event]) -> bool:
    return await count(platform, kind) > 0


async def count(platform: Platform, kind: type[Event]) -> int:
    facts = await platform.pool.fetchval("select count(*) from facts where type = $1", kind.TYPE)
    assert isinstance(facts, int)
    return facts


async def produce(
    pair: Pair,
    topic: str,
    event: Event,
    *,
    times: int = 1,
    body: bytes | None = None,
    kind: str | None = None,
    empty: bool = False,
    generation: str = "0@0",
    partition: int | None = None,
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=pair.bootstrap)
    await producer.start()
    fields = headers(event.id, kind or event.TYPE, "asker", str(event.stream_id), generation, None)
    value = None if empty else body or event.model_dump_json().encode()
    for _ in range(times):
        await producer.send_and_wait(topic, value, str(event.stream_id).encode(), partition, headers=fields)
    await producer.stop()
