"""The endless loops of a service: each shows that it runs and whether it makes progress, and waits for servers that are
away."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn, TypeVar

from shared.db import TRANSIENT
from shared.telemetry import log

BACK_OFF_CAP_SECONDS = 5.0
TICK_SECONDS = 5.0

T = TypeVar("T")


def back_off_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row: longer each time, up to a cap; jitter keeps replicas apart."""
    longest: float = min(BACK_OFF_CAP_SECONDS, 0.1 * 2 ** min(failures, 6))
    return longest * random.uniform(0.7, 1.0)  # noqa: S311


class Loop:
    """An endless loop that shows whether it still runs (liveness) and whether it makes progress (readiness)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last_tick = time.monotonic()
        self.trouble: str | None = "starting"
        self.stopped = False
        """Whether it has stopped on purpose, and waits for an operator."""
        self._failures = 0

    @staticmethod
    def now() -> float:
        return time.monotonic()

    def tick(self) -> None:
        self.last_tick = time.monotonic()

    def healthy(self) -> None:
        self._failures = 0
        self.trouble = None

    async def sleep(self, seconds: float) -> None:
        """Waits, in steps, so that a long wait does not look like a stuck loop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.tick()
            await asyncio.sleep(min(left, TICK_SECONDS))
        self.tick()

    async def while_waiting(self, call: Awaitable[T]) -> T:
        """Awaits the answer of a counterpart, which has its own time limit: a long wait for it does not look like a
        stuck loop."""
        answer = asyncio.ensure_future(call)
        try:
            while not answer.done():
                self.tick()
                await asyncio.wait({answer}, timeout=TICK_SECONDS)
        finally:
            answer.cancel()
        self.tick()
        return answer.result()

    async def attempt(
        self,
        call: Callable[[], Awaitable[T]],
        passing: tuple[type[BaseException], ...] = TRANSIENT,
        *,
        pause: float = 0.0,
    ) -> T:
        """Calls again after each error that passes by itself, until there is none; waits longer each time.

        `pause`: real seconds that it waits besides, so that what took too long is not asked for without end.
        """
        while True:
            self.tick()
            try:
                answer = await call()
            except passing as error:
                await self.back_off(error)
                if pause:
                    await self.sleep(pause)
                continue
            self.healthy()
            return answer

    async def repeat(
        self,
        step: Callable[[], Awaitable[float | None]],
        seconds: float,
        passing: tuple[type[BaseException], ...] = TRANSIENT,
        *,
        pause: float = 0.0,
    ) -> NoReturn:
        """Runs the step until cancelled. Between two runs: as many real seconds as the step returns, else `seconds`.
        `pause`: as of `attempt`."""
        while True:
            wait = await self.attempt(step, passing, pause=pause)
            await self.sleep(seconds if wait is None else wait)

    async def wait_for(self, event: asyncio.Event, seconds: float) -> None:
        """Until the event is set, so many real seconds at the most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    async def back_off(self, error: BaseException) -> None:
        """Waits, longer each time, up to the cap; jitter keeps replicas apart."""
        self._failures += 1
        self.trouble = type(error).__name__
        if self._failures in (1, 10, 100):
            log.warning("waiting for a server", loop=self.name, attempt=self._failures, error=error)
        self.tick()
        await asyncio.sleep(back_off_seconds(self._failures))
        self.tick()
