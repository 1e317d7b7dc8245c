"""Processes of a line that die are named on the screen and started again.

Only `make run` has it on; a test that kills a process wants to see it dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiokafka.errors import KafkaError

from contracts.topics import TOPICS
from sandbox.local.processes import CannotStartError, Process, ending
from sandbox.local.servers import Broker, Postgres
from sandbox.local.stack import Stack
from shared.operations.provision import create_topics

LOOKS_EVERY = 0.5
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before each start of a row; after the last one the process is left dead."""
STEADY_SECONDS = 30.0
"""A process that ran for so long begins a new row when it dies."""
_LAST_LINES, _LINE_LENGTH = 5, 240

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Kept:
    """A process that is kept alive. `start` returns when it is ready, and raises CannotStartError, KafkaError or
    OSError; `process` is the one that it started last."""

    name: str
    process: Callable[[], Process | None]
    start: Callable[[], Awaitable[None]]
    loses: str = ""
    """What is gone when it dies."""


@asynccontextmanager
async def supervised(stack: Stack, tell: Tell) -> AsyncIterator[None]:
    """While inside, what runs on the line is kept alive; `tell` gets a paragraph for the screen."""
    keeping = [asyncio.create_task(keep(kept, tell)) for kept in kept_of(stack)]
    try:
        yield
    finally:
        for task in keeping:
            task.cancel()
        for task in keeping:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def kept_of(stack: Stack) -> list[Kept]:
    """The servers that are the line's own, and every process that it runs now."""
    kept = []
    if isinstance(postgres := stack.servers.postgres, Postgres):
        kept.append(Kept("PostgreSQL", lambda: postgres.process, postgres.start))
    if isinstance(broker := stack.servers.broker, Broker):
        kept.append(
            Kept(
                "the broker",
                lambda: broker.process,
                partial(_start_broker, broker),
                "It kept its records in memory; the services notice and publish them again.",
            )
        )
    for name in stack.processes:
        loses = (
            "It kept the outside world in memory: declarations and parcels on their way are unknown there from now on."
            if name == "sandbox"
            else ""
        )
        kept.append(Kept(name, partial(stack.processes.get, name), partial(_start_process, stack, name), loses))
    return kept


async def _start_broker(broker: Broker) -> None:
    await broker.start()
    await create_topics(broker.bootstrap, TOPICS)


async def _start_process(stack: Stack, name: str) -> None:
    stack.start(name)
    await stack.ready([name])


async def keep(kept: Kept, tell: Tell) -> None:
    """Looks after it until it has died too often in a row."""
    deaths, since = 0, time.monotonic()
    while True:
        process = kept.process()
        if process is None or process.alive:
            await asyncio.sleep(LOOKS_EVERY)
            continue
        deaths = 1 if time.monotonic() - since >= STEADY_SECONDS else deaths + 1
        if deaths > len(PAUSES):
            tell(
                f"{kept.name} {ending(process.exit_code)}, {deaths} times in a row, and is not started again. "
                f"What it said: tail -n 50 {shlex.quote(str(process.log))}{_last_words(process)}"
            )
            return
        pause = PAUSES[deaths - 1]
        when = f"in {pause:.0f} s" if pause else "now"
        tell(
            " ".join(
                part
                for part in (
                    f"{kept.name} {ending(process.exit_code)}; it is started again {when}.",
                    kept.loses,
                    f"Its log: {process.log}{_last_words(process)}",
                )
                if part
            )
        )
        await asyncio.sleep(pause)
        since = time.monotonic()
        try:
            await kept.start()
        except (CannotStartError, KafkaError, OSError) as failed:
            again = kept.process()
            if again is not None and again.alive:
                tell(f"{kept.name} runs again but is not ready: {failed}")
        else:
            tell(f"{kept.name} is ready again.")


def _last_words(process: Process) -> str:
    lines = process.tail(_LAST_LINES).splitlines()
    return "".join(f"\n  | {text[:_LINE_LENGTH]}" for text in lines)
