"""One run of the scenarios on a deployment that is ready, wherever it runs."""

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
from sandbox.demo.lanes import Shop, collected
from sandbox.demo.orders import DemoOrders, Order, place, receive_goods
from sandbox.demo.scenarios import BY_POST, SCENARIOS, Scenario
from services.registry import SERVICES
from shared.clock import Clock

POLL_SECONDS = 0.5
BACKLOG_WHEN_UNREACHABLE = 1_000
"""Assumed for a service that does not answer: business time slows down until it does."""


class Deployment(Protocol):
    """What the demo needs to know: the addresses and the business clock."""

    @property
    def urls(self) -> Mapping[str, str]: ...

    @property
    def internal_urls(self) -> Mapping[str, str]: ...

    @property
    def clock(self) -> Clock: ...

    def change_speed(self, speed: float) -> None: ...


class Demo:
    """One run of the scenarios on a deployment."""

    def __init__(self, deployment: Deployment, api: Api, console: Console, *, speed: float, patience: float) -> None:
        """`speed`: of business time while parcels only travel. `patience`: real seconds until the demo gives up."""
        self._deployment, self._api, self._console = deployment, api, console
        self._speed, self._patience = speed, patience
        self.orders = DemoOrders()
        self.actors = Actors(api, self.orders, deployment.clock.now)
        self.details: dict[str, dict[str, Any]] = {}

    async def run(
        self,
        scenarios: Sequence[Scenario],
        *,
        prefix: str,
        first_person: int = 0,
        left_open: Scenario | None = None,
        postal_shop: Shop | None = None,
        validated: bool = False,
    ) -> None:
        """Places an order for each scenario and lets the actors work until every order has ended or patience is over.

        `prefix` begins the orders' numbers. The order of `left_open` is placed when the first parcel is delivered, and
        is not followed to its end. `postal_shop` places one more order, with the tax that it is quoted. `validated`: as
        `receive_goods` takes it.
        """
        more = [*([left_open] if left_open else []), *([BY_POST] if postal_shop else [])]
        await receive_goods(self._api, [*scenarios, *more], f"GR-{prefix}", validated=validated)
        self._console.print(f"placing {len(scenarios)} orders ...", highlight=False)
        work = asyncio.create_task(self.actors.work())
        try:
            clock = self._deployment.clock
            orders = await place(
                self._api, scenarios, clock.now, prefix=prefix, into=self.orders, first_person=first_person
            )
            shown = orders[: len(SCENARIOS)]
            if postal_shop is not None:
                shown += await self._place_by_post(postal_shop, prefix, first_person, len(scenarios))

            async def place_left_open() -> None:
                if left_open is not None:
                    shown.extend(
                        await place(
                            self._api,
                            [left_open],
                            clock.now,
                            prefix=prefix,
                            into=self.orders,
                            first_person=first_person + len(scenarios),
                            first_number=len(scenarios) + 1,
                        )
                    )

            with Dashboard(self._console, self.orders, shown) as dashboard:
                await self._watch(dashboard, shown, work, place_left_open)
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work

    async def _place_by_post(self, shop: Shop, prefix: str, first_person: int, others: int) -> list[Order]:
        """Before and after it are as many others, and the one that is left open."""
        return await place(
            shop.api,
            [BY_POST],
            self._deployment.clock.now,
            prefix=prefix,
            into=self.orders,
            first_person=first_person + others + 1,
            first_number=others + 2,
            tax=collected(await shop.quote(BY_POST)),
        )

    async def _watch(
        self,
        dashboard: Dashboard,
        shown: list[Order],
        work: asyncio.Task[None],
        on_first_delivery: Callable[[], Awaitable[None]],
    ) -> None:
        clock, clock_speed = self._deployment.clock, ClockSpeed(self._deployment.change_speed, self._speed)
        until = time.monotonic() + self._patience
        delivered = False
        while True:
            await self.orders.refresh(self._api)
            await asyncio.gather(*(self._follow(order) for order in shown))
            dashboard.draw(self.details, clock.now(), clock_speed.speed)
            if work.done():
                work.result()
            if not delivered and any(self.orders.status(order) == "delivered" for order in shown):
                delivered = True
                await on_first_delivery()
            if not self.orders.open() or time.monotonic() > until:
                return
            clock_speed.adjust(self.orders.waiting(), await self._backlog())
            await asyncio.sleep(POLL_SECONDS)

    async def _backlog(self) -> int:
        """How much work is pending: call-backs, records, events and outside calls."""
        internal = self._deployment.internal_urls
        pages = await asyncio.gather(*(self._api.metrics(internal[name]) for name in SERVICES))
        account = await self._api.get("sandbox", "/control/account", None)
        return int(account["callbacks"]["pending"]) + sum(map(backlog, pages))

    async def _follow(self, order: Order) -> None:
        """Tracking knows an order a moment after it was placed."""
        path = f"/orders/{order.id}/tracking"
        with contextlib.suppress(Refused):
            self.details[order.id] = await self._api.get("tracking", path, None, secret=order.secret)

    async def summary(self) -> dict[str, Any]:
        """The result, for people and for scripts."""
        stock = [row async for row in self._api.pages("warehouse", "/stock", "stock", "warehouse")]
        states = ("available", "blocked", "reserved", "shipped", "written_off")
        mismatched = [row["sku"] for row in stock if row["received"] != sum(row[state] for state in states)]
        tracking, first = self._deployment.urls["tracking"], next(iter(self.orders.by_id.values()))
        return {
            "ok": not self.orders.wrong() and not mismatched and not self.actors.failed,
            "orders": [
                {
                    "id": order.id,
                    "number": order.number,
                    "story": order.scenario.name,
                    "expected": order.scenario.outcome,
                    "status": self.orders.result(order),
                    "tracking_url": order.tracking_url,
                }
                for order in self.orders.by_id.values()
            ],
            "wrong": [order.number for order in self.orders.wrong()],
            "refusals": self.actors.failed,
            "stock": stock,
            "stock_that_does_not_add_up": mismatched,
            "tracking_page": first.tracking_url,
            "api_docs": {name: f"{url}/docs" for name, url in self._deployment.internal_urls.items()},
            "metrics": {name: f"{self._deployment.internal_urls[name]}/metrics" for name in SERVICES},
            "tracking": tracking,
        }


def backlog(metrics: str | None) -> int:
    """Of a service: records not consumed, events not published, outside calls not made.

    `metrics` is its page of metrics, None when it does not answer."""
    if metrics is None:
        return BACKLOG_WHEN_UNREACHABLE
    gauges = ("messaging_consumer_lag{", "outbox_depth ", "jobs_ready{")
    return int(sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(gauges)))
