"""One run of the stories on a line that is up, wherever it runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console

from sandbox.demo.actors import Actors
from sandbox.demo.api import Api, Refused
from sandbox.demo.clock_speed import ClockSpeed
from sandbox.demo.dashboard import Dashboard
from sandbox.demo.orders import DemoOrders, Order, place, receive_goods
from sandbox.demo.scenarios import SCENARIOS, Scenario
from sandbox.local.provision import SERVICES
from shared.clock import Clock

POLL_SECONDS = 0.5
BACKLOG_WHEN_UNREACHABLE = 1_000
"""What is taken for the backlog of a service that does not answer: business time slows down until it does."""


class Deployment(Protocol):
    """What the show needs of a line: where everybody is, and the business clock."""

    @property
    def urls(self) -> Mapping[str, str]: ...

    @property
    def internal_urls(self) -> Mapping[str, str]: ...

    @property
    def clock(self) -> Clock: ...

    def change_speed(self, speed: float) -> None: ...


class Demo:
    """One run of the stories on a line."""

    def __init__(self, line: Deployment, api: Api, console: Console, *, speed: float, patience: float) -> None:
        """`speed`: while parcels only travel. `patience`: real seconds after which the show gives up."""
        self._deployment, self._api, self._console = line, api, console
        self._speed, self._patience = speed, patience
        self.orders = DemoOrders()
        self.actors = Actors(api, self.orders, line.clock.now)
        self.details: dict[str, dict[str, Any]] = {}

    async def run(
        self, scenarios: Sequence[Scenario], *, prefix: str, first_person: int = 0, left: Scenario | None = None
    ) -> None:
        """Places an order for each story and lets people and world do their part, until every order has ended or
        patience has. The prefix begins the orders' numbers. `left`: a story whose order is placed when the first parcel
        is delivered, and that is left open."""
        await receive_goods(self._api, [*scenarios, *([left] if left else [])], f"GR-{prefix}")
        self._console.print(f"placing {len(scenarios)} orders ...", highlight=False)
        shift = asyncio.create_task(self.actors.work())
        try:
            clock = self._deployment.clock
            orders = await place(
                self._api, scenarios, clock.now, prefix=prefix, into=self.orders, first_person=first_person
            )
            told = orders[: len(SCENARIOS)]

            async def place_left() -> None:
                if left is not None:
                    told.extend(
                        await place(
                            self._api,
                            [left],
                            clock.now,
                            prefix=prefix,
                            into=self.orders,
                            first_person=first_person + len(scenarios),
                            first_number=len(scenarios) + 1,
                        )
                    )

            with Dashboard(self._console, self.orders, told) as dashboard:
                await self._watch(dashboard, told, shift, place_left)
        finally:
            shift.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shift

    async def _watch(
        self,
        dashboard: Dashboard,
        told: list[Order],
        shift: asyncio.Task[None],
        on_first_delivery: Callable[[], Awaitable[None]],
    ) -> None:
        clock, clock_speed = self._deployment.clock, ClockSpeed(self._deployment.change_speed, self._speed)
        until = time.monotonic() + self._patience
        delivered = False
        while True:
            await self.orders.refresh(self._api)
            await asyncio.gather(*(self._follow(order) for order in told))
            dashboard.draw(self.details, clock.now(), clock_speed.speed)
            if shift.done():
                shift.result()
            if not delivered and any(self.orders.status(order) == "delivered" for order in told):
                delivered = True
                await on_first_delivery()
            if not self.orders.open() or time.monotonic() > until:
                return
            clock_speed.adjust(self.orders.waiting(), await self._behind())
            await asyncio.sleep(POLL_SECONDS)

    async def _behind(self) -> int:
        """How much work waits between the processes: call-backs, records, events and outside calls."""
        internal = self._deployment.internal_urls
        pages = await asyncio.gather(*(self._api.metrics(internal[name]) for name in SERVICES))
        account = await self._api.get("sandbox", "/control/account", None)
        return int(account["callbacks"]["pending"]) + sum(map(backlog, pages))

    async def _follow(self, order: Order) -> None:
        """Tracking hears of an order a moment after it was placed; until then it does not know it."""
        path = f"/orders/{order.id}/tracking"
        with contextlib.suppress(Refused):
            self.details[order.id] = await self._api.get("tracking", path, None, secret=order.secret)

    async def summary(self) -> dict[str, Any]:
        """What came of it, for people and for scripts."""
        stock = [row async for row in self._api.pages("warehouse", "/stock", "stock", "warehouse")]
        piles = ("available", "reserved", "shipped", "written_off")
        uneven = [row["sku"] for row in stock if row["received"] != sum(row[pile] for pile in piles)]
        tracking, first = self._deployment.urls["tracking"], next(iter(self.orders.by_id.values()))
        return {
            "ok": not self.orders.wrong() and not uneven and not self.actors.failed,
            "orders": [
                {
                    "id": order.id,
                    "number": order.number,
                    "story": order.scenario.name,
                    "expected": order.scenario.outcome,
                    "status": self.orders.end(order),
                    "tracking_url": order.tracking_url,
                }
                for order in self.orders.by_id.values()
            ],
            "wrong": [order.number for order in self.orders.wrong()],
            "refusals": self.actors.failed,
            "stock": stock,
            "stock_that_does_not_add_up": uneven,
            "tracking_page": first.tracking_url,
            "api_docs": {name: f"{url}/docs" for name, url in self._deployment.internal_urls.items()},
            "metrics": {name: f"{self._deployment.internal_urls[name]}/metrics" for name in SERVICES},
            "tracking": tracking,
        }


def backlog(metrics: str | None) -> int:
    """Of a service: records not consumed, events not sent, outside calls not made."""
    if metrics is None:
        return BACKLOG_WHEN_UNREACHABLE
    gauges = ("messaging_consumer_lag{", "outbox_depth ", "jobs_ready{")
    return int(sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(gauges)))
