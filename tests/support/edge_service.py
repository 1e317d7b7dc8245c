"""A small service that is nothing but HTTP, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, SecretStr
from starlette.types import Message

from contracts.base import Topic
from contracts.orders import CancelRequested
from shared.db import DB
from shared.faults import Fault
from shared.http.answers import etag_response
from shared.http.api_keys import Principal
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.operations.internal_api import internal_app
from shared.platform import Platform, Service, build_app, connected
from shared.settings import PlatformSettings
from tests.support.platform_pair import kinds


class Item(BaseModel):
    quantity: int = Field(ge=1)


class Body(BaseModel):
    name: str = Field(max_length=5)
    items: list[Item]


def edge(platform: Platform) -> Service:
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
        raise Problem(409, "no", detail="because", errors=[Fault("a.b", "rule", "words")])

    @router.get("/page")
    async def page(request: Request) -> Response:
        return etag_response(request, b"hello", "text/plain")

    return Service("edge", Topic("edge.events", "edge", (), (), 1), (), (), kinds(handle), routers=(router,))


@asynccontextmanager
async def applications(dsn: str, **settings: Any) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """The public and the internal one."""
    key = SecretStr(base64.b64encode(bytes(32)).decode())
    platform_settings = PlatformSettings(
        database_url=SecretStr(dsn), storage_key=key, **{"body_limit": 2048, **settings}
    )
    async with connected(edge, platform_settings) as (platform, service):
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
