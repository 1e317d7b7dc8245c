"""`/readyz` while a database that answers takes no writes, and what else a service does meanwhile."""

from __future__ import annotations

import base64
import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import APIRouter
from pydantic import SecretStr

from contracts.base import OrderEvent, Topic
from sandbox.local.servers import Servers
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.ledger.outbox import partition_of
from shared.operations.internal_api import internal_app
from shared.operations.provision import create_topics, provision_database
from shared.operations.readiness import judge
from shared.operations.schema import PLATFORM_SCHEMA
from shared.platform import Platform, Service, running
from shared.settings import PlatformSettings
from tests.support.platform_pair import kinds
from tests.support.waiting import all_sent, until

_number = itertools.count(1)


class Written(OrderEvent):
    NAME: ClassVar[str] = "test-written"


class Read(OrderEvent):
    NAME: ClassVar[str] = "test-read"


@dataclass
class Clerk:
    """A service that consumes its own topic: it publishes a fact for each POST, and one for each that it consumes."""

    servers: Servers
    name: str
    topic: str
    dsn: str
    http: httpx.AsyncClient
    platform: Platform

    async def readiness(self) -> tuple[int, str]:
        answer = await self.http.get("/readyz")
        return answer.status_code, answer.json()["checks"]["database"]

    async def answered(self, status: int, state: str) -> None:
        """Waits until `/readyz` says this."""

        async def so() -> bool:
            return await self.readiness() == (status, state)

        await until(so)

    async def write(self) -> httpx.Response:
        return await self.http.post("/written")

    async def all_read(self, ids: set[UUID]) -> None:
        """Waits until each of these was consumed and answered, and all that was published is sent."""

        async def so() -> bool:
            rows = await self.platform.pool.fetch("select stream_id from facts where type = $1", Read.TYPE)
            return await all_sent(self.platform.pool) and {row["stream_id"] for row in rows} >= ids

        await until(so)
        assert await self.platform.pool.fetchval("select count(*) from dead_letters") == 0

    async def administer(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.servers.admin_dsn)
        try:
            for statement in statements:
                await connection.execute(statement.format(name=self.name))
        finally:
            await connection.close()


async def new_database(servers: Servers, name: str) -> str:
    dsn = await provision_database(servers.admin_dsn, name, "test")
    database = await asyncpg.connect(dsn)
    for statement in PLATFORM_SCHEMA:
        await database.execute(statement)
    await database.close()
    return dsn


def settings_on(servers: Servers, dsn: str) -> PlatformSettings:
    key = SecretStr(base64.b64encode(bytes(32)).decode())
    return PlatformSettings(
        database_url=SecretStr(dsn), kafka_bootstrap=servers.kafka_bootstrap, storage_key=key, contact_key=key
    )


@asynccontextmanager
async def clerk(servers: Servers, *, only_reads: bool = False) -> AsyncIterator[Clerk]:
    number = next(_number)
    name = f"test_readiness_{os.getpid()}_{number}"
    dsn = await new_database(servers, name)
    topic = Topic(f"readiness{number}.events", f"clerk{number}", (f"clerk{number}",), (Written, Read), 1)
    await create_topics(servers.kafka_bootstrap, [topic])

    async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
        return [Read(order_id=facts.id, occurred_at=context.now) for facts in orders]

    def make(platform: Platform) -> Service:
        routes = APIRouter()

        @routes.post("/written", status_code=201)
        async def write() -> UUID:
            event = Written(order_id=uuid4(), occurred_at=datetime.now(UTC))
            async with platform.ledger.transaction() as db:
                await platform.ledger.publish(db, [event])
            return event.order_id

        return Service(
            topic.producer, topic, (topic,), (Written, Read), kinds(handle), routers=(routes,), only_reads=only_reads
        )

    async with running(make, settings_on(servers, dsn)) as (platform, app):
        transport = httpx.ASGITransport(internal_app(platform.state, 60, app))
        async with httpx.AsyncClient(transport=transport, base_url="http://clerk") as http:
            served = Clerk(servers, name, topic.name, dsn, http, platform)
            await served.answered(200, "ok")
            yield served


_END_SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
_READ_ONLY = "alter database {name} set default_transaction_read_only = on"
_WRITABLE = "alter database {name} reset default_transaction_read_only"


@pytest.mark.slow
@pytest.mark.parametrize("only_reads", [False, True], ids=["writes", "only reads"])
async def test_a_read_only_database_is_no_ready_one(servers: Servers, *, only_reads: bool) -> None:
    """As after a failover to a standby: sessions end, and new ones find a server that takes no writes."""
    async with clerk(servers, only_reads=only_reads) as served:
        before = await served.write()
        assert before.status_code == 201
        await served.administer(_READ_ONLY, _END_SESSIONS)
        await served.answered(200 if only_reads else 503, "read_only")
        refused = await served.write()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert (await served.http.get("/livez")).status_code == 200

        # Nobody ends the sessions this time: those that began meanwhile stay read-only for as long as they live.
        await served.administer(_WRITABLE)
        await served.answered(200, "ok")
        again = [await served.write() for _ in range(20)]
        assert {answer.status_code for answer in again} == {201}
        await served.all_read({UUID(answer.json()) for answer in (before, *again)})


@pytest.mark.slow
async def test_events_are_not_sent_again_and_again_while_none_can_be_marked_as_sent(servers: Servers) -> None:
    async with clerk(servers) as served:
        await served.administer(_READ_ONLY, _END_SESSIONS)
        await served.answered(503, "read_only")
        relay = next(loop for loop in served.platform.state.loops if loop.name == "relay")
        event = Written(order_id=uuid4(), occurred_at=datetime.now(UTC))
        database = await asyncpg.connect(served.dsn)
        await database.execute("set default_transaction_read_only = off")
        await database.execute(
            "insert into outbox (topic, partition, key, event_id, type, body) values ($1, $2, $3, $4, $5, $6)",
            served.topic,
            partition_of(str(event.order_id)),
            str(event.order_id),
            event.id,
            event.TYPE,
            event.model_dump_json(),
        )
        await database.close()
        for _ in range(2):
            turned = relay.last_tick
            await until(lambda before=turned: relay.last_tick != before)  # type: ignore[misc]  # bound at once
        assert relay.trouble == "ReadOnlySQLTransactionError"
        await served.administer(_WRITABLE)
        await served.all_read({event.order_id})
        sent = await served.platform.pool.fetch("select highest_offset from log_ends")
        assert [row["highest_offset"] for row in sent] == [1]  # it and its answer, each once


@pytest.mark.slow
async def test_a_right_that_was_withdrawn_is_seen_and_costs_no_record(servers: Servers) -> None:
    """Not even the consumer's: it waits, and goes on."""
    async with clerk(servers) as served:
        database = await asyncpg.connect(served.dsn)
        tables = "streams, facts, positions, outbox, log_ends, dead_letters, heartbeat"
        written = [await served.write() for _ in range(5)]
        await database.execute(f"revoke insert, update on {tables} from current_user")
        await served.answered(503, "read_only")
        assert (await served.write()).status_code == 503
        await database.execute(f"grant insert, update on {tables} to current_user")
        await database.close()
        await served.answered(200, "ok")
        written.append(await served.write())
        await served.all_read({UUID(answer.json()) for answer in written})


@pytest.mark.slow
async def test_a_database_that_hangs_on_write_is_no_ready_one(servers: Servers) -> None:
    async with clerk(servers) as served:
        database = await asyncpg.connect(served.dsn)
        async with database.transaction():
            await database.execute("lock table heartbeat in exclusive mode")
            await served.answered(503, "read_only")
            # And stays so: the reads in between do not grow too old while each write is waited for.
            heartbeat = next(loop for loop in served.platform.state.loops if loop.name == "heartbeat")
            for _ in range(6):
                turned = heartbeat.last_tick
                await until(lambda before=turned: heartbeat.last_tick != before)  # type: ignore[misc]  # bound at once
                assert await served.readiness() == (503, "read_only")
        await database.close()
        await served.answered(200, "ok")


@pytest.mark.slow
async def test_a_full_disk_is_seen_though_the_heartbeats_own_page_has_room(servers: Servers) -> None:
    """A disk without room, as a bound on temporary files plays it: both end as class 53."""
    async with clerk(servers) as served:
        await served.administer("alter role {name} set temp_file_limit = 0", _END_SESSIONS)
        await served.answered(503, "read_only")
        await served.administer("alter role {name} reset temp_file_limit", _END_SESSIONS)
        await served.answered(200, "ok")


async def test_a_service_that_neither_publishes_nor_consumes_is_ready(servers: Servers) -> None:
    dsn = await new_database(servers, f"test_bare_{os.getpid()}_{next(_number)}")

    async def handle(_: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
        return []

    async with running(lambda _: Service("bare", kinds=kinds(handle)), settings_on(servers, dsn)) as (platform, _):
        await until(lambda: judge(platform.state)[0])
        assert {loop.name for loop in platform.state.loops} == {
            "broker",
            "relay",
            "timers",
            "heartbeat",
            "parked",
            "prune",
        }
        order = uuid4()
        with pytest.raises(ValueError, match="bare has no topic"):
            async with platform.ledger.transaction() as db:
                await platform.ledger.publish(db, [Written(order_id=order, occurred_at=datetime.now(UTC))])


async def test_another_service_is_not_found_ready(servers: Servers) -> None:
    """Who asks by name may ask at an address that has another service by now."""
    async with clerk(servers) as served:
        name = served.platform.state.name
        assert (await served.http.get("/readyz", params={"service": name})).status_code == 200
        other = await served.http.get("/readyz", params={"service": "tracking"})
        assert (other.status_code, other.json()["detail"]) == (421, f"this is {name}, not tracking")


async def test_readyz_asks_nobody(servers: Servers) -> None:
    """Not even when every connection is taken: it tells what the heartbeat found."""
    async with clerk(servers) as served:
        size = served.platform.pool.get_max_size()
        connections = [await served.platform.pool.acquire() for _ in range(size)]
        try:
            answers = [await served.http.get("/readyz") for _ in range(50)]
            assert {answer.status_code for answer in answers} == {200}
            await served.answered(503, "TimeoutError")
        finally:
            for connection in connections:
                await served.platform.pool.release(connection)
        await served.answered(200, "ok")


async def test_a_table_altered_under_a_running_service_fails_nothing(servers: Servers) -> None:
    """A statement made before is void then: no 500, no dead letter."""
    async with clerk(servers) as served:
        database = await asyncpg.connect(served.dsn)
        written = [await served.write() for _ in range(20)]
        await served.all_read({UUID(answer.json()) for answer in written})
        statuses = set()
        for kind in ("varchar", "text", "varchar"):
            for table, column in (("facts", "body"), ("facts", "type"), ("outbox", "body"), ("outbox", "key")):
                await database.execute(f"alter table {table} alter column {column} type {kind}")
            for _ in range(10):
                answer = await served.write()
                statuses.add(answer.status_code)
                if answer.status_code == 201:
                    written.append(answer)
        await database.close()
        assert statuses <= {201, 503}
        await served.all_read({UUID(answer.json()) for answer in written})


async def test_the_heartbeats_row_stays_on_its_page(servers: Servers) -> None:
    """Each write makes a new version of the row; they take each other's place without a vacuum."""
    async with clerk(servers) as served:
        write = "insert into heartbeat values (true, now()) on conflict (id) do update set beaten_at = now()"
        for _ in range(2_000):
            await served.platform.pool.execute(write)
        # Nearly always one: a session that the machine leaves in the middle of a statement keeps some versions alive.
        assert await served.platform.pool.fetchval("select pg_relation_size('heartbeat')") <= 5 * 8192
        assert await served.platform.pool.fetchval("select pg_relation_size('heartbeat_pkey')") == 16384
