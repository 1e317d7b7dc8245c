"""Outside calls that all wait before the first is made: how many a second are answered, by us and by others.

An operator pauses the counterpart until all of them wait, and lets them go; the time ends when the last fact that an
answer brings is on its topic. The stand-in takes the same time for each call of everybody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

import httpx

from contracts import topics
from tests.bench.events import Wire, wire
from tests.bench.figures import Numbers, Result, take_turns
from tests.bench.servers import BenchError, BenchServers, Commands, Stand
from tests.bench.size import Size

HOWS = {
    "ours": "this project: jobs in the database, 16 calls at a time",
    "one": "peer: a worker that makes one call at a time",
    "bare": "limit: a bare httpx loop, 16 calls at a time, no Kafka, no database",
}
PATIENCE = 300.0


class Counterpart:
    """Who is called, as an operator of the service lets them be called."""

    def __init__(self, operator: httpx.AsyncClient, name: str) -> None:
        self._operator = operator
        self._name = name

    async def let_go_together(self, count: int, owe: Callable[[], Awaitable[None]]) -> float:
        """Nobody is called until `owe` has led to so many jobs; when (perf_counter) they are let go."""
        (await self._operator.post(f"/counterparts/{self._name}/pause")).raise_for_status()
        await owe()
        await self._until(lambda waiting: waiting >= count, f"fewer than {count} jobs wait")
        began = time.perf_counter()
        (await self._operator.post(f"/counterparts/{self._name}/resume")).raise_for_status()
        return began

    async def all_answered(self) -> None:
        await self._until(lambda waiting: waiting == 0, "jobs still wait")

    async def _until(self, reached: Callable[[int], bool], otherwise: str) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            answer = (await self._operator.get("/counterparts")).raise_for_status().json()
            if reached(next(counterpart["waiting"] for counterpart in answer if counterpart["name"] == self._name)):
                return
            await asyncio.sleep(0.05)
        raise BenchError(otherwise)


@dataclass(frozen=True, slots=True)
class Calls:
    """What is called for in one stage."""

    stage: str
    """Also what is counted, and the module of `tests.bench.peers` in which the others are."""
    title: str
    service: str
    counterpart: str
    answer: Callable[[Stand, Wire, Counterpart, int], Awaitable[float]]
    """Seconds in which so many calls, held and then let go, are answered."""
    bare: Callable[[Stand], Mapping[str, str]]
    """Where the bare loop calls, and as whom."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the service."""


async def run(calls: Calls, bench: BenchServers, size: Size) -> Result:
    settings = {"sandbox": {"SANDBOX_LATENCY_MS": str(size.latency_ms)}, calls.service: calls.settings}
    commands: dict[str, Commands] = {
        "ours": {calls.service: (f"services.{calls.service}",)},
        "one": {calls.service: ("tests.bench.contestants", f"{calls.stage}-one", calls.service)},
        "bare": {},
    }
    metric = f"{calls.stage}/s"

    async def turn(how: str) -> Numbers:
        async with bench.turn({**commands[how], "sandbox": ("sandbox",)}, settings=settings) as stand:
            if how == "bare":
                plan = {**calls.bare(stand), "count": size.orders}
                measured = await stand.child(f"tests.bench.peers.{calls.stage}", plan, PATIENCE)
                return {metric: float(measured["rate"])}
            topic = topics.of_producer(calls.service).name
            async with wire(stand.kafka, topic) as line, _counterpart(stand, calls) as called:
                await calls.answer(stand, line, called, size.warm_up)
                count = size.share(how)
                return {metric: count / await calls.answer(stand, line, called, count)}

    figures = await take_turns(calls.stage, tuple(HOWS), size.rounds, turn)
    title = f"{calls.title}, each answered after {size.latency_ms:g} ms"
    return Result(calls.stage, title, "ours", HOWS, figures, asdict(size))


@asynccontextmanager
async def _counterpart(stand: Stand, calls: Calls) -> AsyncIterator[Counterpart]:
    async with httpx.AsyncClient(
        base_url=stand.urls[calls.service], headers=stand.key("operator"), trust_env=False
    ) as operator:
        yield Counterpart(operator, calls.counterpart)
