"""The warehouse on a real PostgreSQL, and facts of orders that come to it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from contracts.base import Event, Money, OrderLine, order_stream
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.customs import OrderScreened
from contracts.orders import CancelRequested, OrderPlaced
from contracts.warehouse import StockReserved
from services.warehouse import main
from services.warehouse.domain.stock import MOVES
from services.warehouse.settings import Settings
from shared.ledger.facts import Facts
from shared.operations.provision import add_api_key
from shared.platform import Platform, build_app, connected

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EUR = Money.model_validate({"amount": "12.50", "currency": "EUR"})
ZERO = Money.zero("EUR")
OWNER = "savonnerie"
STATUSES = ("available", "blocked", "reserved", "shipped", "written_off")
STORED = ("available", "reserved", "shipped", "written_off")
"""As the database has them: what is blocked is available there, and marked."""


@dataclass
class WarehouseService:
    platform: Platform
    http: httpx.AsyncClient

    async def consume(self, *events: Event) -> dict[UUID, Facts]:
        """As the consumer does with a batch."""
        async with self.platform.ledger.transaction() as db:
            return await self.platform.ledger.record(db, consumed=events)

    async def facts(self, order: UUID) -> Facts:
        async with self.platform.pool.acquire() as db:
            return (await self.platform.ledger.read(db, [order_stream(order)]))[order]

    async def product(self, sku: str, units: int = 0, owner: str = OWNER) -> None:
        answer = await self.http.put(f"/products/{sku}", json=product_body(owner=owner))
        assert answer.status_code in (200, 201), answer.text
        if units:
            body = {"reference": f"R-{uuid4()}", "owner": owner, "lines": [{"sku": sku, "quantity": units}]}
            answer = await self.http.post("/receipts", json=body)
            assert answer.status_code == 201, answer.text

    async def stock(self, sku: str) -> dict[str, int]:
        answer = await self.http.get("/stock", params={"sku": sku})
        row = answer.json()["stock"][0]
        assert row["received"] == sum(row[status] for status in STATUSES)
        return {status: row[status] for status in STATUSES if row[status]}

    async def check_sums(self) -> None:
        """The stock is the sum of its movements."""
        sums: dict[str, dict[str, int]] = {}
        for row in await self.platform.pool.fetch("select sku, kind, quantity from movements"):
            quantities = sums.setdefault(row["sku"], dict.fromkeys(STORED, 0))
            source, target = MOVES[row["kind"]]
            quantities[target] += row["quantity"]
            if source is not None:
                quantities[source] -= row["quantity"]
        for row in await self.platform.pool.fetch("select * from stock where received > 0"):
            assert sums[row["sku"]] == {status: row[status] for status in STORED}

    async def reserved(self, units: dict[str, int]) -> UUID:
        order = uuid4()
        await self.consume(*arrived(order, units))
        assert StockReserved in await self.facts(order)
        return order

    async def labelled(self, units: dict[str, int]) -> UUID:
        """Packed in one parcel a line, with all labels."""
        order = await self.reserved(units)
        answer = await self.http.post(f"/orders/{order}/parcels", json=pack_body(units))
        assert answer.status_code == 201, answer.text
        await self.consume(*(label(order, parcel) for parcel in range(1, len(units) + 1)))
        return order

    async def hand_over(self, order: UUID, parcel: int = 1) -> httpx.Response:
        return await self.http.post(
            f"/orders/{order}/parcels/{parcel}/hand-over", json={"tracking_number": number(order, parcel)}
        )


@asynccontextmanager
async def warehouse_service(dsn: str, **changes: Any) -> AsyncIterator[WarehouseService]:
    """Without a broker; `changes` are of its settings. At the end its stock must be the sum of its movements."""
    await add_api_key(dsn, key="key-of-the-packer", name="packer", scope="warehouse")
    await add_api_key(dsn, key="key-of-orders", name="orders", scope="service")
    key = SecretStr(base64.b64encode(bytes(32)).decode())
    settings = Settings(database_url=SecretStr(dsn), storage_key=key, database_pool=12, **changes)
    async with connected(main.service, settings) as (platform, service):
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(build_app(platform, service)),
            base_url="http://warehouse",
            headers={"Authorization": "Bearer key-of-the-packer"},
        )
        async with client:
            running = WarehouseService(platform, client)
            yield running
            await running.check_sums()


def product_body(**changes: Any) -> dict[str, Any]:
    body = {
        "gtin": "3245678901236",
        "hs_code": "340111",
        "origin": "FR",
        "net_weight_g": 200,
        "length_mm": 90,
        "width_mm": 60,
        "height_mm": 30,
        "unit_value": {"amount": "12.50", "currency": "EUR"},
        "owner": OWNER,
        "identity": "none",
        "mints_serials": False,
    }
    return body | changes


def lines(units: dict[str, int]) -> tuple[OrderLine, ...]:
    return tuple(
        OrderLine(
            line=place, sku=sku, description="soap", hs_code="340111", origin="FR", quantity=quantity, unit_price=EUR
        )
        for place, (sku, quantity) in enumerate(units.items(), start=1)
    )


def arrived(order: UUID, units: dict[str, int]) -> tuple[Event, Event]:
    placed = OrderPlaced(
        order_id=order,
        occurred_at=NOW,
        marketplace="tmall",
        number=f"T{order.hex[:12]}",
        lines=lines(units),
        freight=ZERO,
        discount=ZERO,
        tax=ZERO,
        total=EUR,
        country="CN",
        province="CN-GD",
    )
    screened = OrderScreened.model_validate(
        {
            "order_id": order,
            "occurred_at": NOW,
            "regime": "cbec_9610",
            "value_cny": {"amount": "100.00", "currency": "CNY"},
            "rate": "8.1",
            "rate_date": "2026-11-19",
        }
    )
    return placed, screened


def pack_body(units: dict[str, int], **changes: Any) -> dict[str, Any]:
    return {
        "parcels": [
            {
                "contents": [{"line": line, "sku": sku, "quantity": quantity}],
                "weight_g": 200 * quantity + 150,
                "length_mm": 300,
                "width_mm": 200,
                "height_mm": 100,
            }
            | changes
            for line, (sku, quantity) in enumerate(units.items(), start=1)
        ]
    }


def number(order: UUID, parcel: int) -> str:
    return f"CY{order.hex[:8].upper()}{parcel}FR"


def label(order: UUID, parcel: int) -> LabelCreated:
    return LabelCreated(
        order_id=order,
        occurred_at=NOW,
        parcel=parcel,
        carrier="laposte",
        product="DOS",
        tracking_number=number(order, parcel),
    )


def scan(order: UUID, parcel: int) -> ParcelScanned:
    return ParcelScanned(
        order_id=order,
        occurred_at=NOW,
        parcel=parcel,
        tracking_number=number(order, parcel),
        code="PC1",
        status="accepted",
        scanned_at=NOW,
        utc_offset_minutes=60,
    )


def cancel(order: UUID) -> CancelRequested:
    return CancelRequested(order_id=order, occurred_at=NOW, reason="shopper")


def errors(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {(error["field"], error["rule"]) for error in answer.json()["errors"]}
