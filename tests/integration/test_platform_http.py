"""The HTTP side of the platform: keys, idempotent requests, bounds, errors, entity tags."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, SecretStr
from starlette.types import Message

from contracts.base import Topic
from contracts.orders import CancelRequested
from sandbox.local.servers import Servers
from shared.db import DB
from shared.http.answers import etag_response
from shared.http.api_keys import Principal
from shared.http.problems import FAULTS_NAMED, FieldError, Problem
from shared.http.routes import Route
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.operations.internal_api import internal_app
from shared.operations.provision import add_api_key, provision_database
from shared.operations.schema import PLATFORM_SCHEMA
from shared.platform import Platform, Service, build_app, connected
from shared.settings import PlatformSettings
from tests.support.platform_pair import kinds


class Item(BaseModel):
    quantity: int = Field(ge=1)


class Body(BaseModel):
    name: str = Field(max_length=5)
    items: list[Item]


def make(platform: Platform) -> Service:
    router = APIRouter(route_class=Route)

    async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
        return []

    @router.post("/things")
    async def things(
        body: Body, request: Request, principal: Principal = Depends(platform.require("marketplace"))
    ) -> Response:
        async def work(db: DB) -> Response:
            event = CancelRequested(order_id=uuid4(), occurred_at=platform.clock.now(), reason=principal.name)
            await platform.ledger.publish(db, [event])
            await asyncio.sleep(0.2)
            return JSONResponse({"id": str(event.order_id)}, 201, {"Location": f"/things/{event.order_id}"})

        return await platform.requests.run(request, principal, work)

    @router.get("/broken/{secret}")
    async def broken(secret: str) -> None:
        raise ZeroDivisionError(secret)

    @router.get("/refused")
    async def refused() -> None:
        raise Problem(409, "no", detail="because", errors=[FieldError("a.b", "rule", "words")])

    @router.get("/page")
    async def page(request: Request) -> Response:
        return etag_response(request, b"hello", "text/plain")

    return Service("edge", Topic("edge.events", "edge", (), (), 1), (), (), kinds(handle), routers=(router,))


@pytest.fixture(scope="module")
async def dsn(servers: Servers) -> str:
    dsn = await provision_database(servers.admin_dsn, f"test_edge_{os.getpid()}", "test")
    db = await asyncpg.connect(dsn)
    for statement in PLATFORM_SCHEMA:
        await db.execute(statement)
    await db.close()
    await add_api_key(dsn, key="tmall-key", name="tmall", scope="marketplace")
    await add_api_key(dsn, key="floor-key", name="floor", scope="warehouse")
    await add_api_key(dsn, key="boss-key", name="boss", scope="operator")
    return dsn


@asynccontextmanager
async def applications(dsn: str, **settings: Any) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """The public and the internal one."""
    key = SecretStr(base64.b64encode(bytes(32)).decode())
    platform_settings = PlatformSettings(
        database_url=SecretStr(dsn), storage_key=key, **{"body_limit": 2048, **settings}
    )
    async with connected(make, platform_settings) as (platform, service):
        public = build_app(platform, service)
        yield public, internal_app(platform.state, platform.settings.stuck_after_seconds, public)


@asynccontextmanager
async def application(dsn: str, **settings: Any) -> AsyncIterator[FastAPI]:
    async with applications(dsn, **settings) as (public, _):
        yield public


@asynccontextmanager
async def client_of(app: FastAPI, address: str = "192.0.2.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
        client.headers["Authorization"] = "Bearer tmall-key"
        yield client


@pytest.fixture
async def apps(dsn: str) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """The public and the internal one."""
    async with applications(dsn) as both:
        yield both


@pytest.fixture
async def client(apps: tuple[FastAPI, FastAPI]) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(apps[0]) as client:
        yield client


@pytest.fixture
async def internal(apps: tuple[FastAPI, FastAPI]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(apps[1]), base_url="http://edge:8001") as client:
        yield client


async def ask_without_body(app: FastAPI, authorization: str) -> int:
    """The status of a POST whose body must not be asked for."""
    fields = [(b"authorization", authorization.encode()), (b"content-length", b"50")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/things",
        "raw_path": b"/things",
        "query_string": b"",
        "root_path": "",
        "headers": [*fields, (b"content-type", b"application/json")],
        "client": ("192.0.2.1", 1),
        "server": ("edge", 80),
    }
    statuses: list[int] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


GOOD = {"name": "a", "items": [{"quantity": 1}]}


async def test_a_key_that_was_ended_is_not_brought_back_by_the_next_provisioning(dsn: str) -> None:
    await add_api_key(dsn, key="leaked-key", name="tmall", scope="marketplace")
    database = await asyncpg.connect(dsn)
    await database.execute("update api_keys set not_after = now() where hash = sha256('leaked-key')")
    await add_api_key(dsn, key="leaked-key", name="tmall", scope="marketplace")
    ended = "select not_after is not null from api_keys where hash = sha256('leaked-key')"
    assert await database.fetchval(ended)
    await database.close()


async def test_a_key_opens_its_own_scope_only(client: httpx.AsyncClient) -> None:
    for header, status in (
        ("Bearer tmall-key", 201),
        ("bearer boss-key", 201),
        ("Bearer floor-key", 403),
        ("Bearer nobody", 401),
        ("Basic tmall-key", 401),
        ("", 401),
    ):
        answer = await client.post("/things", json=GOOD, headers={"Authorization": header})
        assert answer.status_code == status, header
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_same_key_has_the_same_answer(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = await client.post("/things", json=GOOD, headers=key)
    again = await client.post("/things", json=GOOD, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    other = await client.post("/things", json={**GOOD, "name": "b"}, headers=key)
    assert other.status_code == 422
    stranger = await client.post("/things", json=GOOD, headers={**key, "Authorization": "Bearer boss-key"})
    assert UUID(stranger.json()["id"]) != UUID(first.json()["id"])
    assert (await client.post("/things", json=GOOD, headers={"Idempotency-Key": "x" * 256})).status_code == 400


async def test_fifty_at_once_are_one(client: httpx.AsyncClient, dsn: str) -> None:
    db = await asyncpg.connect(dsn)
    before = await db.fetchval("select count(*) from facts")
    key = {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(*(client.post("/things", json=GOOD, headers=key) for _ in range(50)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await db.fetchval("select count(*) from facts") == before + 1
    await db.close()


async def test_all_faults_of_a_body_are_named_and_none_is_echoed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={"name": "far too long", "items": [{"quantity": 0}, {}]})
    assert answer.status_code == 422
    assert {(error["field"], error["rule"]) for error in answer.json()["errors"]} == {
        ("name", "string_too_long"),
        ("items[0].quantity", "greater_than_equal"),
        ("items[1].quantity", "missing"),
    }
    assert "far too long" not in answer.text


async def test_what_is_not_json_or_too_large_is_refused(client: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    assert (await client.post("/things", content=b"{", headers=json)).status_code == 400
    stated = await client.post("/things", content=b"x" * 4000)

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100

    unstated = await client.post("/things", content=trickle(), headers=json)
    assert (stated.status_code, unstated.status_code) == (413, 413)


async def test_errors_tell_no_secrets(client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await client.get("/broken/my-secret")
    assert (answer.status_code, answer.json()["title"]) == (500, "internal error")
    assert "my-secret" not in answer.text
    refused = await client.get("/refused")
    assert refused.json() == {
        "type": "about:blank",
        "status": 409,
        "title": "no",
        "detail": "because",
        "errors": [{"field": "a.b", "rule": "rule", "message": "words"}],
    }
    missing = await client.get("/nowhere")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


async def test_an_entity_tag_saves_the_body(client: httpx.AsyncClient) -> None:
    first = await client.get("/page")
    tag = first.headers["etag"]
    again = await client.get("/page", headers={"If-None-Match": f'"other", {tag}'})
    assert (first.text, again.status_code, again.content) == ("hello", 304, b"")
    assert (await client.get("/page", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_service_without_its_loops_is_alive_but_not_ready(internal: httpx.AsyncClient) -> None:
    assert (await internal.get("/livez")).status_code == 200
    assert (await internal.get("/readyz")).status_code == 503
    assert "http_server_request_duration_seconds" in (await internal.get("/metrics")).text


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]
)
async def test_what_a_service_tells_of_itself_is_not_public(
    client: httpx.AsyncClient, internal: httpx.AsyncClient, path: str
) -> None:
    public = await client.get(path)
    assert (public.status_code, public.headers["content-type"]) == (404, "application/problem+json")
    assert (await internal.get(path)).status_code in (200, 503)


async def test_the_internal_port_shows_the_public_api_and_lets_it_be_tried_out(
    apps: tuple[FastAPI, FastAPI], internal: httpx.AsyncClient
) -> None:
    document = (await internal.get("/openapi.json")).json()
    assert document == apps[0].openapi()
    assert set(document["paths"]) >= {"/things", "/page"}
    assert "/metrics" not in document["paths"]
    assert "url: '/openapi.json'" in (await internal.get("/docs")).text
    assert (await internal.get("/page")).text == "hello"
    missing = await internal.get("/nowhere")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


async def test_a_key_is_judged_before_the_body_is_read(dsn: str) -> None:
    """Without the right key not a byte of the body is asked for, whatever the route does with it."""
    async with application(dsn) as app:
        for header, status in (("", 401), ("Bearer nobody", 401), ("Bearer floor-key", 403)):
            assert await ask_without_body(app, header) == status


async def test_the_rate_of_a_name_is_its_own(dsn: str) -> None:
    async with application(dsn, key_rate=0.5, key_rates={"boss": 1000}) as app, client_of(app) as client:
        bodies = [await client.post("/things", json={}) for _ in range(2)]
        assert [answer.status_code for answer in bodies] == [422, 429]
        assert bodies[1].headers["retry-after"] == "2"
        boss = {"Authorization": "Bearer boss-key"}
        assert {(await client.post("/things", json={}, headers=boss)).status_code for _ in range(20)} == {422}


async def test_one_name_has_so_many_requests_under_way(dsn: str) -> None:
    async with application(dsn, key_under_way=3) as app, client_of(app) as client:
        answers = await asyncio.gather(*(client.post("/things", json=GOOD) for _ in range(10)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [201] * 3 + [429] * 7
        assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 429)
        assert (await client.post("/things", json=GOOD)).status_code == 201


async def test_wrong_keys_are_bounded_and_keys_that_have_worked_still_do(dsn: str) -> None:
    settings = {"wrong_keys_rate": 0.001, "wrong_keys_burst": 5}
    async with application(dsn, **settings) as app, client_of(app) as client:
        assert (await client.post("/things", json={})).status_code == 422
        wrong = [{"Authorization": f"Bearer guess-{number}"} for number in range(8)]
        answers = await asyncio.gather(*(client.post("/things", json={}, headers=header) for header in wrong))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3
        assert all(int(answer.headers["retry-after"]) > 1 for answer in answers if answer.status_code == 429)
        assert (await client.post("/things", json={})).status_code == 422
        async with client_of(app, "192.0.2.9") as elsewhere:
            assert (await elsewhere.post("/things", json={}, headers=wrong[0])).status_code == 401


@pytest.mark.parametrize(
    ("raw", "field", "rule"),
    [
        (b'{"name": "a", "name": "b", "items": []}', "name", "name_repeated"),
        (b'{"name": "\\ud800", "items": []}', "body", "unicode"),
        (b'{"name": NaN}', "body", "json"),
        (b"[" * 5000, "body", "depth"),
        (b"9" * 100, "body", "number"),
    ],
)
async def test_a_body_that_the_framework_parses_is_read_by_the_same_reader(
    client: httpx.AsyncClient, raw: bytes, field: str, rule: str
) -> None:
    answer = await client.post("/things", content=raw[:2000], headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [(field, rule)]


async def test_faults_are_named_up_to_a_number(dsn: str) -> None:
    async with application(dsn, body_limit=65_536) as app, client_of(app) as client:
        answer = await client.post("/things", json={"name": "a", "items": [{}] * 2000})
        assert (answer.status_code, len(answer.json()["errors"])) == (422, FAULTS_NAMED)


async def test_nobody_is_led_where_the_host_header_says(client: httpx.AsyncClient) -> None:
    answer = await client.get("/page/", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


async def test_metrics_have_labels_of_a_bounded_set(client: httpx.AsyncClient, internal: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.request(f"FOO{number}", f"/things/{number}")
    page = (await internal.get("/metrics")).text
    assert 'http_request_method="_OTHER"' in page
    assert "FOO" not in page
    assert "/things/1" not in page
