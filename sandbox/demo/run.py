"""One run of the stories on a line that is up, wherever it runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console

from sandbox.demo.actors import Staff
from sandbox.demo.api import Api, Refused
from sandbox.demo.clock_speed import Pace
from sandbox.demo.dashboard import Board
from sandbox.demo.orders import Book, Order, place, receive_goods
from sandbox.demo.scenarios import TALES, Tale
from sandbox.local.provision import SERVICES
from shared.clock import Clock

LOOKS_EVERY = 0.5
OF_A_SERVICE_AWAY = 1_000
"""What is taken for the backlog of a service that does not answer: business time slows down until it does."""


class Stage(Protocol):
    """What the show needs of a line: where everybody is, and the business clock."""

    @property
    def urls(self) -> Mapping[str, str]: ...

    @property
    def internal_urls(self) -> Mapping[str, str]: ...

    @property
    def clock(self) -> Clock: ...

    def change_speed(self, speed: float) -> None: ...


class Show:
    """One run of the stories on a line."""

    def __init__(self, line: Stage, api: Api, console: Console, *, speed: float, patience: float) -> None:
        """`speed`: while parcels only travel. `patience`: real seconds after which the show gives up."""
        self._line, self._api, self._console = line, api, console
        self._speed, self._patience = speed, patience
        self.book = Book()
        self.staff = Staff(api, self.book, line.clock.now)
        self.details: dict[str, dict[str, Any]] = {}

    async def play(
        self, tales: Sequence[Tale], *, prefix: str, first_person: int = 0, left: Tale | None = None
    ) -> None:
        """Places an order for each story and lets people and world do their part, until every order has ended or
        patience has. The prefix begins the orders' numbers. `left`: a story whose order is placed when the first parcel
        is delivered, and that is left open."""
        await receive_goods(self._api, [*tales, *([left] if left else [])], f"GR-{prefix}")
        self._console.print(f"placing {len(tales)} orders ...", highlight=False)
        shift = asyncio.create_task(self.staff.work())
        try:
            clock = self._line.clock
            orders = await place(self._api, tales, clock.now, prefix=prefix, into=self.book, first_person=first_person)
            told = orders[: len(TALES)]

            async def place_left() -> None:
                if left is not None:
                    told.extend(
                        await place(
                            self._api,
                            [left],
                            clock.now,
                            prefix=prefix,
                            into=self.book,
                            first_person=first_person + len(tales),
                            first_number=len(tales) + 1,
                        )
                    )

            with Board(self._console, self.book, told) as board:
                await self._watch(board, told, shift, place_left)
        finally:
            shift.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shift

    async def _watch(
        self,
        board: Board,
        told: list[Order],
        shift: asyncio.Task[None],
        on_first_delivery: Callable[[], Awaitable[None]],
    ) -> None:
        clock, pace = self._line.clock, Pace(self._line.change_speed, self._speed)
        until = time.monotonic() + self._patience
        delivered = False
        while True:
            await self.book.refresh(self._api)
            await asyncio.gather(*(self._follow(order) for order in told))
            board.show(self.details, clock.now(), pace.speed)
            if shift.done():
                shift.result()
            if not delivered and any(self.book.status(order) == "delivered" for order in told):
                delivered = True
                await on_first_delivery()
            if not self.book.open() or time.monotonic() > until:
                return
            pace.follow(self.book.waiting(), await self._behind())
            await asyncio.sleep(LOOKS_EVERY)

    async def _behind(self) -> int:
        """How much work waits between the processes: call-backs, records, events and outside calls."""
        internal = self._line.internal_urls
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
        tracking, first = self._line.urls["tracking"], next(iter(self.book.orders.values()))
        return {
            "ok": not self.book.wrong() and not uneven and not self.staff.failed,
            "orders": [
                {
                    "id": order.id,
                    "number": order.number,
                    "story": order.tale.name,
                    "expected": order.tale.outcome,
                    "status": self.book.end(order),
                    "tracking_url": order.tracking_url,
                }
                for order in self.book.orders.values()
            ],
            "wrong": [order.number for order in self.book.wrong()],
            "refusals": self.staff.failed,
            "stock": stock,
            "stock_that_does_not_add_up": uneven,
            "tracking_page": first.tracking_url,
            "api_docs": {name: f"{url}/docs" for name, url in self._line.internal_urls.items()},
            "metrics": {name: f"{self._line.internal_urls[name]}/metrics" for name in SERVICES},
            "tracking": tracking,
        }


def backlog(metrics: str | None) -> int:
    """Of a service: records not consumed, events not sent, outside calls not made."""
    if metrics is None:
        return OF_A_SERVICE_AWAY
    gauges = ("messaging_consumer_lag{", "outbox_depth ", "jobs_ready{")
    return int(sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(gauges)))
