"""Streams of tracking documents: how a change reaches those who wait for it, and how many may wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.databases import FreshDatabase
from tests.support.http_server import serving
from tests.support.tracking_orders import scan
from tests.support.tracking_service import TrackingService, tracking_service
from tests.support.waiting import PATIENCE_SECONDS, until


@dataclass(frozen=True)
class Message:
    id: str
    data: str


@asynccontextmanager
async def listening(tracking: TrackingService) -> AsyncIterator[httpx.AsyncClient]:
    """The service behind a real socket: httpx's own ASGI transport waits for the end of an answer."""
    async with serving(tracking.app) as address, httpx.AsyncClient(base_url=address, timeout=PATIENCE_SECONDS) as http:
        yield http


async def messages(answer: httpx.Response) -> AsyncIterator[Message]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if not line:
            if "data" in fields:
                yield Message(fields["id"], fields["data"])
            fields = {}
        else:
            name, _, value = line.partition(": ")
            fields[name] = value


async def test_the_stream_sends_the_whole_document_after_each_change(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    path, ask = f"/orders/{order}/tracking", {"X-Tracking-Secret": tracking.secret(order)}
    async with listening(tracking) as http:
        async with http.stream("GET", f"{path}/stream", headers=ask) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            updates = messages(answer)
            first = await anext(updates)
            await tracking.consume(scan(order, "ET2", "at_origin_exchange", 48))
            second = await asyncio.wait_for(anext(updates), PATIENCE_SECONDS)
        document = await http.get(path, headers=ask)
        assert second.data.encode() == document.content
        assert f'"{second.id}"' == document.headers["etag"]
        assert json.loads(first.data)["parcels"][0]["status"] == "accepted"

        resumed = {**ask, "Last-Event-ID": first.id}
        async with http.stream("GET", f"{path}/stream", headers=resumed) as answer:
            assert await anext(messages(answer)) == second
        current = {**ask, "Last-Event-ID": second.id}
        async with http.stream("GET", f"{path}/stream", headers=current) as answer:
            updates = messages(answer)
            await tracking.consume(scan(order, "ET3", "arrived_destination", 90))
            third = await asyncio.wait_for(anext(updates), PATIENCE_SECONDS)
        assert json.loads(third.data)["parcels"][0]["status"] == "arrived_destination"


async def test_changes_arrive_after_the_listening_connection_was_cut(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    async with listening(tracking) as http:
        ask = {"X-Tracking-Secret": tracking.secret(order)}
        async with http.stream("GET", f"/orders/{order}/tracking/stream", headers=ask) as answer:
            updates = messages(answer)
            await anext(updates)
            cut = await tracking.platform.pool.fetchval(
                """select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid()
                     and (query ilike 'listen%' or query = 'select 1')"""
            )
            assert cut >= 1
            await tracking.consume(scan(order, "ET2", "at_origin_exchange", 48))
            second = await asyncio.wait_for(anext(updates), PATIENCE_SECONDS)
    assert json.loads(second.data)["parcels"][0]["status"] == "at_origin_exchange"


async def test_changes_come_from_the_server_that_takes_writes_after_a_failover(
    fresh_database: FreshDatabase,
) -> None:
    """A session that listens on a server which became read-only would be silent for ever."""
    dsn = await fresh_database("tracking")
    admin = await asyncpg.connect(dsn)
    name = dsn.rpartition("/")[2]
    await admin.execute(f"alter database {name} set default_transaction_read_only = on")
    async with tracking_service(dsn):
        listens = "select pid from pg_stat_activity where datname = current_database() and query = 'select 1'"
        first = await until(lambda: admin.fetchval(listens))
        await admin.execute(f"alter database {name} reset default_transaction_read_only")
        await until(lambda: admin.fetchval(f"{listens} and pid <> $1", first))
    await admin.close()


async def test_streams_are_bounded_and_end_with_the_service(fresh_database: FreshDatabase) -> None:
    async with tracking_service(await fresh_database("tracking"), streams_per_order=1) as tracking:
        order = await tracking.shipped()
        path, ask = f"/orders/{order}/tracking/stream", {"X-Tracking-Secret": tracking.secret(order)}
        async with listening(tracking) as http, http.stream("GET", path, headers=ask) as answer:
            updates = messages(answer)
            await anext(updates)
            refused = await http.get(path, headers=ask)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            tracking.streams.close()
            assert [message async for message in updates] == []


async def test_streams_opened_at_once_never_exceed_the_limit(fresh_database: FreshDatabase) -> None:
    """All of them have been let in, and read their document in the same moment."""
    limit = 3
    dsn = await fresh_database("tracking")
    async with (
        tracking_service(dsn, streams_per_order=limit, database_pool=20) as tracking,
        listening(tracking) as http,
    ):
        order = await tracking.shipped()
        path, ask = f"/orders/{order}/tracking/stream", {"X-Tracking-Secret": tracking.secret(order)}
        statuses: list[int] = []
        enough = asyncio.Event()

        async def watch() -> None:
            async with http.stream("GET", path, headers=ask) as answer:
                statuses.append(answer.status_code)
                await enough.wait()

        gate = await asyncpg.connect(dsn)
        async with gate.transaction():
            await gate.execute("lock table documents in access exclusive mode")
            watching = [asyncio.create_task(watch()) for _ in range(10)]
            waiting = "select count(*) from pg_locks where relation = 'documents'::regclass and not granted"

            async def all_wait() -> bool:
                return bool(await gate.fetchval(waiting) == len(watching))

            await until(all_wait)
        await gate.close()
        await until(lambda: len(statuses) == len(watching))
        enough.set()
        await asyncio.gather(*watching)
        assert sorted(statuses) == [200] * limit + [429] * (len(watching) - limit)


@pytest.mark.parametrize("end", ["disconnected at once", "send fails", "cancelled"])
async def test_a_streams_place_is_free_again_however_it_ends(fresh_database: FreshDatabase, end: str) -> None:
    async with tracking_service(await fresh_database("tracking"), streams_per_order=1) as tracking:
        order = await tracking.shipped()
        started = asyncio.Event()

        async def receive() -> dict[str, str]:
            if end != "disconnected at once":
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                started.set()
                if end == "send fails":
                    raise OSError

        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/orders/{order}/tracking/stream",
            "query_string": b"",
            "headers": [(b"x-tracking-secret", tracking.secret(order).encode())],
        }
        for _ in range(3):
            started.clear()
            stream = asyncio.ensure_future(tracking.app(scope, receive, send))
            if end == "cancelled":
                await asyncio.wait_for(started.wait(), PATIENCE_SECONDS)
                stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
            with tracking.streams.subscription(order, "somebody else"):
                pass
