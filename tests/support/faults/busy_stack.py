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
from typing import Any

import httpx

from sandbox.demo.api import Refused
from sandbox.demo.orders import DemoOrders, Order, place, receive_goods
from sandbox.demo.scenarios import BY_NAME, SCENARIOS, Scenario
from sandbox.local.stack import Stack
from tests.support.faults import checker
from tests.support.faults.claimed_jobs import ClaimedJob, still_claimed
from tests.support.faults.injection import BOUND_SECONDS, Injection
from tests.support.faults.latency import PLACING, TRACKING, Requests
from tests.support.faults.loading import LoadingActors
from tests.support.faults.proxied_stack import failpoint_file
from tests.support.faults.proxy import Proxy
from tests.support.faults.report import Report, Row
from tests.support.faults.witness import Witness
from tests.support.stores import Stores

REFRESH_SECONDS = 1.0
GIVEN_UP_SECONDS = 120.0
"""When nobody waits for a recovery any more, whatever its bound is."""
TRICKLE_SECONDS = 1.0
LOOK_SECONDS = 0.5
LOOKS_AT_ONCE = 64
PLAIN = Scenario("delivered", "delivered", (("SAVON-OLIVE-300", 2),), "delivered")
MIX = (PLAIN, BY_NAME["delivered"], PLAIN, BY_NAME["pickup"], PLAIN, BY_NAME["customs_hold"], PLAIN, BY_NAME["split"])


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
        self.actors = LoadingActors(self.api, self.orders, self.stack.clock.now)

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

    async def recovered(self, patience: float = GIVEN_UP_SECONDS) -> float:
        """Waits until all that was published by now is sent and consumed, and all are ready; when (monotonic) that was.

        AssertionError when that takes longer.
        """
        until = time.monotonic() + patience
        published = await self.stores.published()
        await self._none(lambda: self.stores.not_sent(published), until, list(self.stack.processes))
        ends = await self.stores.ends()
        recovered_at = await self._none(lambda: self.stores.not_read(ends), until, list(self.stack.processes))
        await self.stack.ready([name for name in self.stack.processes if self.stack.processes[name].alive], patience)
        return recovered_at

    async def service_recovered(self, name: str, claimed: Sequence[ClaimedJob] = ()) -> float:
        """Waits until this service, which was started again, has sent and consumed all that is there by now, is ready,
        and has claimed these jobs again; when (monotonic) that was. AssertionError when that takes too long."""
        until = time.monotonic() + GIVEN_UP_SECONDS
        published = {name: await self.stores.value(name, "select coalesce(max(id), 0) from outbox")}
        ends = await self.stores.ends()

        async def unfinished() -> list[str]:
            return [
                *await self.stores.not_sent(published),
                *await self.stores.not_read(ends, [name]),
                *await still_claimed(self.stores, name, claimed),
            ]

        await self._none(unfinished, until, [name])
        await self.stack.ready([name], GIVEN_UP_SECONDS)
        return time.monotonic()

    async def _none(self, question: Callable[[], Awaitable[list[str]]], until: float, running: Sequence[str]) -> float:
        while missing := await question():
            for process in (self.stack.processes[name] for name in running):
                assert process.alive, f"{process.name} ended with {process.exit_code}:\n{process.tail()}"
            assert time.monotonic() < until, f"not recovered: {missing[:6]}"
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
        """Several faults (name and where) at one time: they share their requests, their checks and, unless each has its
        own, their recovery."""
        rows = [self.report.row(name, where, invariants, bound) for name, where in what]
        injections = [Injection(row, self.orders) for row in rows]
        enough, requests = asyncio.Event(), {kind: Requests() for kind in (PLACING, TRACKING)}
        loading = [
            asyncio.create_task(self._keep_placing(orders, rows[0], enough)),
            asyncio.create_task(self._keep_looking(enough)),
        ]
        known = sum(len(row.violations) for row in rows)
        try:
            with self.api.measured(requests):
                yield injections
            over = time.monotonic()
            enough.set()
            recovered_at = await self.recovered()
            for injection in injections:
                if not injection.measured:
                    injection.ended = injection.ended or over
                    injection.recovered(recovered_at)
            await asyncio.gather(*loading)
            for row in rows:
                row.merge_requests(requests)
            violations = await checker.now(self)
        except BaseException as error:
            rows[0].violations.append(f"{type(error).__name__}: {str(error)[:300]}")
            for task in loading:
                task.cancel()
            await asyncio.gather(*loading, return_exceptions=True)
            raise
        rows[0].violations += [str(violation) for violation in violations]
        violations_found = [words for row in rows for words in row.violations]
        assert len(violations_found) == known, violations_found

    async def _keep_placing(self, count: int, row: Row, enough: asyncio.Event) -> None:
        """So many orders at once, then one after another until it is enough."""
        await self.place(self.some(count), row)
        while count and not enough.is_set():
            await asyncio.sleep(TRICKLE_SECONDS)
            await self.place(self.some(1), row)

    async def _keep_looking(self, enough: asyncio.Event) -> None:
        """Somebody looks at the tracking of an order, again and again, until it is enough."""
        looks: set[asyncio.Task[None]] = set()
        while not enough.is_set():
            if self.orders.by_id and len(looks) < LOOKS_AT_ONCE:
                look = asyncio.create_task(self.api.look(self.chance.choice(list(self.orders.by_id.values()))))
                looks.add(look)
                look.add_done_callback(looks.discard)
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.gather(*looks)

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
