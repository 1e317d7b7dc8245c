"""Orders that keep coming and readers who keep asking, so that what is changed meanwhile is changed under load."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

from sandbox.demo.actors import Actors
from sandbox.demo.goods import GOODS
from sandbox.demo.orders import DemoOrders, place, receive_goods
from sandbox.demo.scenarios import Scenario
from sandbox.local.stack import ROOT
from services.registry import SERVICES
from tests.support.operated_stack import EVERYDAY, Operated, StatedVendor
from tests.support.waiting import until

GOODS_FOR = 1_000
"""Orders that the goods are enough for."""
PLACING_SECONDS = 0.25
READING_SECONDS = 0.05
HANDED_OVER_SECONDS = 120.0
STREAMS = "/orders/{order_id}/tracking/stream"
"""It has no end."""
PUBLIC = "/tracking/{tracking_number}"
"""Its rate is bound by client, so that only every other turn asks there."""
SCARVES = Scenario("scarf", "delivered", (("SOIE-CARRE-90", 1),), "delivered")
"""Goods of which each unit has a serial, so that `provenance` has something to write down. Nobody orders them."""
_number = itertools.count(1)


def readings(service: str) -> list[str]:
    """The paths of all that can be read of this service, as its OpenAPI document has them."""
    document = json.loads((ROOT / "contracts" / "openapi" / f"{service}.json").read_text())
    return [path for path, methods in document["paths"].items() if "get" in methods and path != STREAMS]


@dataclass
class SteadyLoad:
    operated: Operated
    orders: DemoOrders = field(default_factory=DemoOrders)
    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """How many, by service, path and status; 0 for a connection that was lost."""
    refused: list[str] = field(default_factory=list)
    """What a service refused to people who did as they should."""
    vendors: list[StatedVendor] = field(default_factory=list)
    unit: dict[str, str] = field(default_factory=dict)
    """One that has a serial."""

    def answered(self, status: int) -> list[str]:
        """Which services and paths answered so, and how often."""
        return [f"{service} {path}: {n}" for (service, path, code), n in self.answers.items() if code == status]

    async def _place(self) -> None:
        prefix, api, now = f"L{next(_number)}", self.operated.api, self.operated.stack.clock.now
        for turn in itertools.count(1):
            await place(
                api,
                [EVERYDAY],
                now,
                prefix=prefix,
                into=self.orders,
                first_person=10_000 + turn,
                first_number=turn,
            )
            await asyncio.sleep(PLACING_SECONDS)

    async def _refresh(self) -> None:
        while True:
            await self.orders.refresh(self.operated.api)
            await asyncio.sleep(0.3)

    async def begin(self) -> None:
        """There are a vendor, and a unit that has a serial."""
        api = self.operated.api
        self.vendors.append(await self.operated.state_vendor())
        await receive_goods(api, [SCARVES], f"GR-L{next(_number)}")
        [self.unit, *_] = [unit async for unit in api.pages("warehouse", "/units", "units", "warehouse")]

    async def _read(self, service: str) -> None:
        """Each reading in turn, of any order."""
        stack, chance = self.operated.stack, random.Random(service)
        headers = {"Authorization": f"Bearer {stack.secrets.api_keys['operator']}"}
        async with httpx.AsyncClient(base_url=stack.urls[service], timeout=30, trust_env=False) as client:
            for path in itertools.cycle(readings(service)):
                order = chance.choice(list(self.orders.by_id.values()))
                number = self.orders.tracking_number(order, 1)
                if path == PUBLIC and (number is None or chance.random() > 0.5):
                    continue
                secret = {"X-Tracking-Secret": order.secret} if service == "tracking" else {}
                vendor = chance.choice(self.vendors)
                gtin, serial = self.unit["gtin"], self.unit["serial"]
                where = path.format(
                    order_id=order.id,
                    parcel=1,
                    letter_id=1,
                    manifest_id=order.id,
                    part=1,
                    message="CEB311",
                    tracking_number=number,
                    sku=vendor.sku if service == "makers" else chance.choice(GOODS).sku,
                    gtin=gtin,
                    serial=serial,
                    vendor_id=vendor.id,
                    brand_id=vendor.brand_id,
                    epc=quote(f"https://id.gs1.org/01/{gtin}/21/{serial}", safe=""),
                    event_id="unknown",
                    capture_id=order.id,
                    level=0,
                    path="000",
                )
                try:
                    status = (await client.get(where, headers=headers | secret)).status_code
                except httpx.TransportError:
                    status = 0
                self.answers[service, path, status] += 1
                await asyncio.sleep(READING_SECONDS)

    async def _state_goods(self) -> None:
        """The hub's own writes: products as they are, and goods that come in."""
        while True:
            await receive_goods(self.operated.api, [EVERYDAY, SCARVES], f"GR-L{next(_number)}")
            await asyncio.sleep(1)

    async def _state_vendors(self) -> None:
        """A vendor after another."""
        while True:
            self.vendors.append(await self.operated.state_vendor())
            await asyncio.sleep(1)


@asynccontextmanager
async def steady_load(operated: Operated) -> AsyncIterator[SteadyLoad]:
    """People at work, an order after another, and a reader of each service. Afterwards nothing new comes, and what was
    begun is finished."""
    load = SteadyLoad(operated)
    await receive_goods(operated.api, [EVERYDAY] * GOODS_FOR, f"GR-L{next(_number)}")
    await load.begin()
    now, prefix = operated.stack.clock.now, f"L{next(_number)}"
    await place(operated.api, [EVERYDAY] * 4, now, prefix=prefix, into=load.orders, first_person=9_000)
    people = Actors(operated.api, load.orders, operated.stack.clock.now)
    working = [asyncio.create_task(people.work()), asyncio.create_task(load._refresh())]
    loading = [
        asyncio.create_task(load._place()),
        asyncio.create_task(load._state_goods()),
        asyncio.create_task(load._state_vendors()),
        *(asyncio.create_task(load._read(service)) for service in SERVICES),
    ]
    try:
        yield load
        await _end(loading)
        await until(lambda: not load.orders.waiting(), HANDED_OVER_SECONDS)
    finally:
        await _end([*loading, *working])
        load.refused += people.failed


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancels them. Raises what one of them broke on."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
