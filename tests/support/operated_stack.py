"""A whole stack to operate on: the services and the sandbox, each a process, with the commands of an operator."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import asyncpg

from sandbox.demo.actors import Actors, Work
from sandbox.demo.api import Api
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.orders import DemoOrders, Order, place, receive_goods
from sandbox.demo.scenarios import Scenario
from sandbox.local.stack import ROOT, Stack
from services.registry import SERVICES
from tests.support.makers_service import BRAND, COMPANY, IBAN, PDF, PEOPLE, product_body
from tests.support.stores import Stores
from tests.support.waiting import until

EVERYDAY = Scenario("delivered", "delivered", (("SAVON-OLIVE-300", 1),), "delivered")
_number = itertools.count(1)


class StatedVendor(NamedTuple):
    """By its id, that of its brand, and the SKU of its product."""

    id: str
    brand_id: str
    sku: str


class Operated:
    """The stack with what its operator does to it. Each order has a shopper of its own."""

    def __init__(self, stack: Stack, api: Api) -> None:
        self.stack, self.api = stack, api

    async def place(self, count: int = 1) -> list[Order]:
        """Places everyday orders and has goods for them."""
        await self.goods(count)
        return [await self.place_without_goods() for _ in range(count)]

    async def goods(self, count: int) -> None:
        """Receives what so many everyday orders need."""
        await receive_goods(self.api, [EVERYDAY] * count, f"GR-O{next(_number)}")

    async def place_without_goods(self) -> Order:
        turn, now = next(_number), self.stack.clock.now
        [order] = await place(self.api, [EVERYDAY], now, prefix=f"O{turn}", into=DemoOrders(), first_person=400 + turn)
        return order

    async def state_vendor(self) -> StatedVendor:
        """A vendor that has stated all about itself, a brand with its document and a product, and whose number VIES has
        found valid."""
        number = next(_number)
        trader = {"name": COMPANY["name"], "address": COMPANY["city"]}
        await self.api.put("sandbox", f"/control/vat-numbers/{COMPANY['vat']}", None, trader)
        added = await self.api.post("makers", "/vendors", "operator", {"owner": f"vendor-{number}"})
        path, sku = f"/vendors/{added['id']}", f"STATED-{number}"
        async with Api(self.stack.urls, {**self.stack.secrets.api_keys, "vendor": added["key"]}) as vendor_api:
            for what, body in (("company", COMPANY), ("people", PEOPLE), ("bank-account", {"iban": IBAN})):
                await vendor_api.put("makers", f"{path}/{what}", "vendor", body)
            brand = (await vendor_api.post("makers", f"{path}/brands", "vendor", BRAND))["id"]
            await vendor_api.put("makers", f"{path}/brands/{brand}/document", "vendor", PDF)
            await vendor_api.put("makers", f"{path}/products/{sku}", "vendor", product_body(brand))
            await vendor_api.post("makers", f"{path}/submission", "vendor")

        async def checked() -> bool:
            return bool((await self.api.get("makers", path))["state"] == "checking")

        await until(checked)
        return StatedVendor(added["id"], brand, sku)

    @asynccontextmanager
    async def actors(self, orders: list[Order], *absent: Work) -> AsyncIterator[None]:
        """People at work on these orders, who finish what they have in hand; none may be refused anything."""
        demo_orders = DemoOrders()
        demo_orders.add(orders)
        people = Actors(self.api, demo_orders, self.stack.clock.now)

        async def keep_reading() -> None:
            while True:
                await demo_orders.refresh(self.api)
                await asyncio.sleep(0.3)

        tasks = [asyncio.create_task(people.work(*absent)), asyncio.create_task(keep_reading())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert people.failed == []

    async def document(self, order: Order) -> dict[str, Any]:
        document: dict[str, Any] = await self.api.get("orders", f"/orders/{order.id}")
        return document

    async def stands(self, orders: list[Order], *states: str, seconds: float = 60) -> None:
        """Waits until each of the orders stands in one of these states (or has ended so)."""

        async def there() -> bool:
            statuses = [(await self.document(order))["status"] for order in orders]
            return all(status in states for status in statuses)

        try:
            await until(there, seconds)
        except TimeoutError:
            report = [(await self.why(order.id))[1] for order in orders]
            raise AssertionError(json.dumps(report, indent=1)) from None

    async def settled(self) -> None:
        """Waits until all that was published by now is sent, and consumed by everyone."""
        stores = Stores(self.stack.dsns, self.stack.servers.kafka_bootstrap)
        try:
            published = await stores.published()

            async def sent() -> bool:
                return not await stores.not_sent(published)

            await until(sent)
            ends = await stores.ends()

            async def read() -> bool:
                return not await stores.not_read(ends)

            await until(read)
        finally:  # a database is copied only while nobody is connected
            await stores.close()

    @contextmanager
    def fast(self) -> Iterator[None]:
        """Business time runs fast inside: for journeys."""
        self.stack.change_speed(60_000)
        try:
            yield
        finally:
            self.stack.change_speed(SLOW)

    async def command(self, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m services.<service> ...`, as the operator types it."""
        return await self.run(
            [sys.executable, "-m", f"services.{service}", *arguments], self.stack.environment(service)
        )

    async def why(self, wanted: str) -> tuple[int, dict[str, Any]]:
        """`make why ORDER=`: its exit code and what it tells."""
        environment = {
            **self.stack.environment("orders"),
            **{f"{name.upper()}_URL": self.stack.urls[name] for name in SERVICES},
            "OPERATOR_KEY": self.stack.secrets.api_keys["operator"],
        }
        report = await self.run([sys.executable, "-m", "services.why", wanted, "--json"], environment)
        return report.returncode, json.loads(report.stdout) if report.stdout else {"error": report.stderr}

    async def run(self, argv: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            subprocess.run,
            argv,
            cwd=ROOT,
            env={**environment, "COLUMNS": "300"},
            capture_output=True,
            text=True,
            check=False,
        )

    async def restart(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        """Ends it as an operator would, and starts it with these variables."""
        await asyncio.to_thread(self.stack.processes[name].end)
        self.stack.start(name, extra)
        await self.stack.ready([name])

    async def fetch(self, service: str, query: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.stack.dsns[service])
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()
