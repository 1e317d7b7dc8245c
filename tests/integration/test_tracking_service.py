"""Tracking on a real PostgreSQL: what it answers to whom, and how a change reaches the streams that wait for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.links import link_secret
from tests.support.databases import FreshDatabase
from tests.support.http_server import serving
from tests.support.tracking_orders import label, number, scan
from tests.support.tracking_service import TrackingService, tracking_service
from tests.support.waiting import PATIENCE_SECONDS, until


@pytest.fixture
async def tracking(fresh_database: FreshDatabase) -> AsyncIterator[TrackingService]:
    async with tracking_service(await fresh_database("tracking"), public_burst=1000) as tracking:
        yield tracking


async def test_the_public_answer_is_an_allow_list(tracking: TrackingService) -> None:
    order = await tracking.shipped(parcels=2)
    answer = await tracking.http.get(f"/tracking/{number(order)}")
    assert answer.json() == {"status": "accepted", "status_at": "2026-11-03T08:00:00Z", "country": "FR"}
    same = await tracking.http.get(f"/tracking/{number(order)}", headers={"If-None-Match": answer.headers["etag"]})
    assert same.status_code == 304


async def test_what_is_unknown_malformed_or_forbidden_has_one_answer(tracking: TrackingService) -> None:
    order, stranger = await tracking.shipped(), uuid4()
    wrong = tracking.secret(uuid4())
    answers = [
        await tracking.http.get("/tracking/CY000000000FR"),
        await tracking.http.get("/tracking/cy-1"),
        await tracking.http.get(f"/tracking/{'X' * 200}"),
        await tracking.http.get(f"/orders/{order}/tracking"),
        await tracking.http.get(f"/orders/{order}/tracking", params={"secret": wrong}),
        await tracking.http.get(
            f"/orders/{order}/tracking", params={"secret": "v9.é\udc80".encode("utf-8", "replace")}
        ),
        await tracking.http.get(f"/orders/{stranger}/tracking", params={"secret": tracking.secret(stranger)}),
        await tracking.http.get("/orders/none/tracking", params={"secret": wrong}),
        await tracking.http.get(
            f"/orders/{order}/tracking", headers={"X-Tracking-Secret": wrong, "If-None-Match": "*"}
        ),
        await tracking.http.get(f"/orders/{order}/tracking/stream", params={"secret": wrong}),
        await tracking.http.get(f"/orders/{stranger}/tracking/stream", params={"secret": tracking.secret(stranger)}),
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert answers[0].headers["content-type"] == "application/problem+json"
    pages = [
        await tracking.http.get(f"/track/{order}", params={"secret": wrong}),
        await tracking.http.get(f"/track/{order}"),
        await tracking.http.get(f"/track/{stranger}", params={"secret": tracking.secret(stranger)}),
        await tracking.http.get("/track/none"),
    ]
    assert {(page.status_code, page.text) for page in pages} == {(404, pages[0].text)}


async def test_the_document_with_its_secret(tracking: TrackingService) -> None:
    order = await tracking.shipped(parcels=2)
    by_query = await tracking.http.get(f"/orders/{order}/tracking", params={"secret": tracking.secret(order)})
    by_header = await tracking.http.get(
        f"/orders/{order}/tracking", headers={"X-Tracking-Secret": tracking.secret(order)}
    )
    assert by_query.status_code == 200
    assert by_query.content == by_header.content
    assert by_query.headers["referrer-policy"] == "no-referrer"
    document = by_query.json()
    assert [parcel["status"] for parcel in document["parcels"]] == ["accepted", "accepted"]
    assert {step["actor"] for step in document["next"]} == {"carrier"}
    assert "26.00" not in by_query.text

    tag = by_query.headers["etag"]
    stored = await tracking.platform.pool.fetchval("select etag from documents where order_id = $1", order)
    assert tag == f'"{stored}"'
    ask = {"X-Tracking-Secret": tracking.secret(order), "If-None-Match": tag}
    assert (await tracking.http.get(f"/orders/{order}/tracking", headers=ask)).status_code == 304
    await tracking.consume(scan(order, "ET2", "at_origin_exchange", 48))
    changed = await tracking.http.get(f"/orders/{order}/tracking", headers=ask)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_secret_of_an_older_key_still_opens(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    older = link_secret({"v1": b"1" * 32}, order)
    assert (await tracking.http.get(f"/orders/{order}/tracking", params={"secret": older})).status_code == 200


async def test_a_repeated_fact_changes_nothing(tracking: TrackingService) -> None:
    order = await tracking.shipped()
    before = await tracking.platform.pool.fetchrow("select xmin::text, body from documents where order_id = $1", order)
    await tracking.consume(scan(order, "PC1", "accepted", 24), label(order))
    assert before == await tracking.platform.pool.fetchrow(
        "select xmin::text, body from documents where order_id = $1", order
    )


async def test_guessing_is_slowed_down(fresh_database: FreshDatabase) -> None:
    async with tracking_service(await fresh_database("tracking"), public_burst=3) as tracking:
        answers = [await tracking.http.get("/tracking/CY000000000FR") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("accept", "tag", "words"),
    [
        ("zh-CN,zh;q=0.9", "zh-Hans", "法国邮政已揽收"),
        ("fr-FR,en;q=0.5", "fr", "Pris en charge par La Poste"),
        ("en", "en", "Taken in charge by La Poste"),
        ("de", "zh-Hans", "北京时间"),
    ],
)
async def test_the_page_in_the_readers_language(tracking: TrackingService, accept: str, tag: str, words: str) -> None:
    order = await tracking.shipped()
    page = await tracking.http.get(
        f"/track/{order}", params={"secret": tracking.secret(order)}, headers={"Accept-Language": accept}
    )
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f'lang="{tag}"' in page.text
    assert words in page.text
    again = await tracking.http.get(
        f"/track/{order}",
        params={"secret": tracking.secret(order)},
        headers={"Accept-Language": accept, "If-None-Match": page.headers["etag"]},
    )
    assert again.status_code == 304


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
