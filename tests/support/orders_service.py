"""The service `orders` on real servers, and its callers."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from contracts.base import Event, order_stream
from contracts.cases import CaseOpened
from contracts.warehouse import OrderWithdrawn
from sandbox.local.servers import Servers
from services.orders.main import service
from services.orders.settings import Settings
from shared.ledger.facts import Facts
from shared.operations.provision import add_api_key
from shared.platform import Platform, running
from tests.support.databases import FreshDatabase
from tests.support.order_body import good_body
from tests.support.waiting import until

KEYS = {"maison": "marketplace", "atelier": "marketplace", "depot": "warehouse", "ops": "operator"}


def key() -> SecretStr:
    return SecretStr(base64.b64encode(uuid4().bytes + uuid4().bytes).decode())


@dataclass
class OrdersService:
    """The service as its callers meet it."""

    platform: Platform
    http: httpx.AsyncClient

    async def post(self, path: str, body: object, who: str = "maison", **headers: str) -> httpx.Response:
        return await self.http.post(path, json=body, headers=self.bearer(who) | headers)

    async def get(self, path: str, who: str = "maison", **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=self.bearer(who) | headers)

    async def delete(self, path: str, who: str = "ops") -> httpx.Response:
        return await self.http.delete(path, headers=self.bearer(who))

    async def placed(self, who: str = "maison") -> dict[str, Any]:
        answer = await self.post("/orders", good_body(), who)
        assert answer.status_code == 201, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def consume(self, *events: Event) -> None:
        async with self.platform.ledger.transaction() as db:
            await self.platform.ledger.record(db, consumed=events)

    async def facts(self, order_id: str) -> Facts:
        async with self.platform.pool.acquire() as db:
            return (await self.platform.ledger.read(db, [order_stream(UUID(order_id))]))[UUID(order_id)]

    async def count(self, table: str) -> int:
        result: int = await self.platform.pool.fetchval(f"select count(*) from {table}")
        return result

    @staticmethod
    def bearer(who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer key-of-{who}"}


@asynccontextmanager
async def orders_service(
    servers: Servers, fresh_database: FreshDatabase, clock_file: str = "", **changes: Any
) -> AsyncIterator[OrdersService]:
    dsn = await fresh_database("orders")
    for who, scope in KEYS.items():
        await add_api_key(dsn, key=f"key-of-{who}", name=who, scope=scope)  # type: ignore[arg-type]  # from KEYS
    settings = Settings.model_validate(
        {
            "database_url": dsn,
            "kafka_bootstrap": servers.kafka_bootstrap,
            "storage_key": key(),
            "contact_key": key(),
            "national_id_key": key(),
            "link_keys": f"v1:{key().get_secret_value()}",
            "tracking_url": "https://track.example",
            "clock_file": clock_file,
            **changes,
        }
    )
    async with running(service, settings) as (platform, app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as http:
            yield OrdersService(platform, http)


def now() -> datetime:
    return datetime.now(UTC)


async def eventually(orders: OrdersService, order_id: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The order as it reads once it fits: a worker or a timer brings that about."""

    async def fitting() -> dict[str, Any] | None:
        document: dict[str, Any] = (await orders.get(f"/orders/{order_id}", "ops")).json()
        return document if fits(document) else None

    return await until(fitting)


def withdrawn(order_id: str) -> OrderWithdrawn:
    return OrderWithdrawn(order_id=UUID(order_id), occurred_at=now(), reason="shopper")


def opened_case(order_id: str, kind: str, action: str) -> CaseOpened:
    return CaseOpened.model_validate(
        {
            "order_id": order_id,
            "occurred_at": now(),
            "case": f"{kind}:1",
            "service": "customs",
            "kind": kind,
            "parcel": 1,
            "reason": "inspection",
            "action": action,
            "due_at": now() + timedelta(days=3),
        }
    )
