"""A stack on which people work and orders are in flight, so that faults have something to break."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox.demo.actors import Actors
from sandbox.demo.api import Api, Refused
from sandbox.demo.orders import DemoOrders, Order, place, receive_goods
from sandbox.demo.scenarios import BY_NAME, SCENARIOS, Scenario
from sandbox.local.servers import Servers
from sandbox.local.stack import Stack
from services.registry import SERVICES
from tests.support.faults import checker
from tests.support.faults.proxy import Proxy
from tests.support.faults.report import Report, Row
from tests.support.stores import Stores

PATIENCE_SECONDS = 240.0
"""Above the longest fault: who waits for an answer does not give up because of it."""
REFRESH_SECONDS = 1.0
BOUND_SECONDS = 60.0
TRICKLE_SECONDS = 1.0
POLL_SECONDS = 5
"""Between two questions of the carrier service about one parcel; each is answered long before the next."""
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "customs": {"JOB_LEASE_SECONDS": "10"},
    "carrier": {"JOB_LEASE_SECONDS": "10", "SLS_TIMEOUT_SECONDS": "4", "POLL_SECONDS": str(POLL_SECONDS)},
    "orders": {"JOB_LEASE_SECONDS": "10"},
}
"""Waits that are minutes in earnest."""
PLAIN = Scenario("delivered", "delivered", (("SAVON-OLIVE-300", 2),), "delivered")
MIX = (PLAIN, BY_NAME["delivered"], PLAIN, BY_NAME["pickup"], PLAIN, BY_NAME["customs_hold"], PLAIN, BY_NAME["split"])


@dataclass(frozen=True, slots=True)
class Answered:
    """A POST that a service answered with 2xx."""

    path: str
    sent: Any
    answer: Any


class Witness(Api):
    """Remembers every promise it was given."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack.urls, stack.secrets.api_keys, PATIENCE_SECONDS)
        self.promises: list[Answered] = []

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: object) -> httpx.Response:
        response = await super()._send(method, url, headers, body)
        if method == "POST":
            self.promises.append(Answered(urlsplit(url).path, body, response.json() if response.content else None))
        return response


@dataclass
class Injection:
    """One fault under way."""

    row: Row
    orders: DemoOrders
    ended: float = 0.0

    def happened(self, times: int = 1) -> None:
        """The fault was injected now."""
        self.row.injections += times
        self.row.in_flight.append(len(self.orders.open()))

    def over(self) -> None:
        """The fault is over from now on; without this call, at the end of its block."""
        self.ended = time.monotonic()

    def note(self, words: str) -> None:
        self.row.notes.append(words)


@dataclass
class BusyStack:
    stack: Stack
    api: Witness
    stores: Stores
    proxies: Mapping[tuple[str, str], Proxy]
    """By (service, what lies behind): `kafka`, `postgres`, `sandbox`; (`sandbox`, `carrier`) for the call-backs."""
    report: Report
    chance: random.Random
    orders: DemoOrders = field(default_factory=DemoOrders)
    rows: dict[str, Row] = field(default_factory=dict)
    """Which row an order was placed for, by its id."""
    lawful: set[str] = field(default_factory=set)
    """Orders that a test ends otherwise than their scenario."""
    dead_lettered: set[tuple[str, str, str]] = field(default_factory=set)
    """Dead letters that a test made: service, type and order. A broker that lost such a record gets it again, and each
    reader another letter."""
    erased: set[str] = field(default_factory=set)
    """Orders whose person was to be erased."""
    people: int = 0
    """How many shoppers there were so far."""

    def __post_init__(self) -> None:
        self.actors = Actors(self.api, self.orders, self.stack.clock.now)

    async def place(self, scenarios: Sequence[Scenario], row: Row | None = None) -> list[Order]:
        """Orders through the public API, of which the checker then knows everything."""
        first, self.people = self.people, self.people + len(scenarios)
        prefix = f"F{first:05d}"
        placed = await place(
            self.api, scenarios, self.stack.clock.now, prefix=prefix, into=self.orders, first_person=first
        )
        if row is not None:
            self.rows |= {order.id: row for order in placed}
        return placed

    def some(self, count: int) -> list[Scenario]:
        return [self.chance.choice(MIX) for _ in range(count)]

    def proxied(self, behind: str) -> list[Proxy]:
        """All ways to this server."""
        return [proxy for (_, what), proxy in self.proxies.items() if what == behind]

    async def recovered(self, bound: float) -> float:
        """Waits until all that was published by now is sent and consumed, and all are ready; when (monotonic) that was.

        AssertionError past the bound.
        """
        began = time.monotonic()
        published = await self.stores.published()
        await self._none(lambda: self.stores.not_sent(published), began, bound)
        ends = await self.stores.ends()
        at = await self._none(lambda: self.stores.not_read(ends), began, bound)
        await self.stack.ready([name for name in self.stack.processes if self.stack.processes[name].alive], bound)
        return at

    async def _none(self, question: Callable[[], Awaitable[list[str]]], began: float, bound: float) -> float:
        while missing := await question():
            for process in self.stack.processes.values():
                assert process.alive, f"{process.name} ended with {process.exit_code}:\n{process.tail()}"
            assert time.monotonic() < began + bound, f"not recovered after {bound:.0f} s: {missing[:6]}"
            await asyncio.sleep(0.1)
        return time.monotonic()

    @asynccontextmanager
    async def fault(
        self, name: str, where: str, invariants: str, *, orders: int = 4, bound: float = BOUND_SECONDS
    ) -> AsyncIterator[Injection]:
        """Orders are placed while the fault is on; after it the system recovers, and all that must hold by now does."""
        async with self.faults([(name, where)], invariants, orders=orders, bound=bound) as injections:
            yield injections[0]

    @asynccontextmanager
    async def faults(
        self, what: Sequence[tuple[str, str]], invariants: str, *, orders: int = 4, bound: float = BOUND_SECONDS
    ) -> AsyncIterator[list[Injection]]:
        """Several faults (name and where) at one time: they share their recovery and its checks."""
        rows = [self.report.row(name, where, invariants, bound) for name, where in what]
        injections = [Injection(row, self.orders) for row in rows]
        enough = asyncio.Event()
        placing = asyncio.create_task(self._keep_placing(orders, rows[0], enough))
        try:
            yield injections
            over = time.monotonic()
            enough.set()
            at = await self.recovered(bound)
            for injection in injections:
                injection.row.recoveries.append(max(0.0, at - (injection.ended or over)))
            await placing
            violations = await checker.now(self)
        except BaseException as error:
            rows[0].violations.append(f"{type(error).__name__}: {str(error)[:300]}")
            placing.cancel()
            await asyncio.gather(placing, return_exceptions=True)
            raise
        rows[0].violations += [str(violation) for violation in violations]
        assert not violations, violations

    async def _keep_placing(self, count: int, row: Row, enough: asyncio.Event) -> None:
        """So many orders at once, then one after another until it is enough."""
        await self.place(self.some(count), row)
        while count and not enough.is_set():
            await asyncio.sleep(TRICKLE_SECONDS)
            await self.place(self.some(1), row)

    async def work(self) -> None:
        """People do what is on their lists, and the orders are read again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again(self.actors.work))
            group.create_task(self._again(self._keep_book))

    async def _again(self, duty: Any) -> None:
        while True:
            try:
                await duty()
            except* (httpx.TransportError, Refused):  # a service stayed away for longer than patience
                await asyncio.sleep(1)

    async def _keep_book(self) -> None:
        while True:
            await self.orders.refresh(self.api)
            await asyncio.sleep(REFRESH_SECONDS)

    # --- processes ---

    def arm(self, name: str, failpoint: str) -> None:
        """The running process will do this when it comes there (see shared.failpoints)."""
        failpoint_file(self.stack.run_dir, name).write_text(failpoint)

    def start(self, name: str) -> None:
        """Starts it with nothing armed."""
        self.disarm(name)
        self.stack.start(name, {"FAILPOINT": f"@{failpoint_file(self.stack.run_dir, name)}"})

    def disarm(self, name: str) -> None:
        failpoint_file(self.stack.run_dir, name).unlink(missing_ok=True)

    async def die_at(self, name: str, failpoint: str, seconds: float = 120) -> None:
        """Waits until the process has died at this place. AssertionError if it lives."""
        self.arm(name, failpoint)
        until = time.monotonic() + seconds
        try:
            while self.stack.processes[name].alive:
                assert time.monotonic() < until, f"{name} never came to {failpoint}"
                await asyncio.sleep(0.02)
        finally:
            self.disarm(name)
        assert self.stack.processes[name].exit_code == -signal.SIGKILL, self.stack.processes[name].tail()


def failpoint_file(run_dir: Path, name: str) -> Path:
    return run_dir / f"failpoint-{name}"


@asynccontextmanager
async def running_busy_stack(
    stack: Stack, proxies: Mapping[tuple[str, str], Proxy], report: Report
) -> AsyncIterator[BusyStack]:
    """People at work on this stack, the goods received."""
    async with AsyncExitStack() as exit_stack:
        api = await exit_stack.enter_async_context(Witness(stack))
        stores = Stores(stack.dsns, stack.servers.kafka_bootstrap)
        exit_stack.push_async_callback(stores.close)
        made = BusyStack(stack, api, stores, proxies, report, random.Random(report.seed))
        await receive_goods(api, [*SCENARIOS, *MIX * 400], "GR-FAULTS")
        shift = asyncio.create_task(made.work())
        try:
            yield made
        finally:
            shift.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shift


@asynccontextmanager
async def proxied_stack(
    run_dir: Path, prefix: str, speed: float, servers: Servers
) -> AsyncIterator[tuple[Stack, dict[tuple[str, str], Proxy]]]:
    """A stack whose services reach every server, the outside world, and are reached by it, through proxies."""
    proxies: dict[tuple[str, str], Proxy] = {}
    async with AsyncExitStack() as exit_stack:

        async def lay(stack: Stack) -> None:
            for service in SERVICES:
                ways = {"kafka": stack.servers.kafka_bootstrap, "postgres": urlsplit(stack.dsns[service]).netloc}
                if service in ("carrier", "customs"):
                    ways["sandbox"] = urlsplit(stack.urls["sandbox"]).netloc
                for what, place_ in ways.items():
                    await detour(stack, service, what, place_.rpartition("@")[2])
            await detour(stack, "sandbox", "carrier", urlsplit(stack.urls["carrier"]).netloc)

        async def detour(stack: Stack, whose: str, what: str, address: str) -> None:
            host, _, port = address.rpartition(":")
            proxy = await exit_stack.enter_async_context(Proxy(host, int(port), kafka=what == "kafka"))
            proxies[whose, what] = proxy
            stack.address_overrides[whose, address] = proxy.address

        settings = {
            service: {"FAILPOINT": f"@{failpoint_file(run_dir, service)}", **SETTINGS.get(service, {})}
            for service in SERVICES
        }
        stack = Stack(run_dir, speed=speed, prefix=prefix, settings=settings, prepare=lay, servers=servers)
        async with stack:
            yield stack, proxies
