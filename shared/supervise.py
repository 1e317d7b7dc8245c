"""Loops that live and end together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.loop import Loop
from shared.telemetry import log

DRAIN_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Task:
    """An endless loop of a service's own: ticks its loop, and is cancelled at the end."""

    name: str
    run: Callable[[Loop], Awaitable[None]]


class Group:
    """Loops that live and end together. One that fails ends the process: a service without one of its loops would seem
    to work."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Group:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self, loop: Awaitable[None]) -> None:
        self._tasks.add(asyncio.ensure_future(loop))

    async def forever(self, *others: Group) -> None:
        """Until a loop of this group or the others ends, which none does by itself. Raises what it ended with."""
        tasks = self._tasks.union(*(other._tasks for other in others))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        error = RuntimeError("a loop was cancelled") if task.cancelled() else task.exception()
        error = error or RuntimeError("a loop came to its end")
        log.error("a loop broke", error=error)
        raise error

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
