"""Processes of a stack that die are named on the screen and started again.

Only `make run` uses it; a test that kills a process needs it dead.
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
from sandbox.local.processes import CannotStartError, Process, describe_exit
from sandbox.local.servers import Broker, Postgres
from sandbox.local.stack import Stack
from shared.operations.provision import create_topics

POLL_SECONDS = 0.5
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Seconds before each restart in a row; after the last one the process is not restarted."""
STEADY_SECONDS = 30.0
"""A process that ran for so long has all its restarts again."""
_LAST_LINES, _LINE_LENGTH = 5, 240

Report = Callable[[str], None]


@dataclass(frozen=True)
class Supervised:
    """A process that is kept alive. `start` returns when it is ready, and raises CannotStartError, KafkaError or
    OSError; `process` returns the one started last."""

    name: str
    process: Callable[[], Process | None]
    start: Callable[[], Awaitable[None]]
    loss: str = ""
    """What is lost when it dies, as a sentence."""


@asynccontextmanager
async def supervised(stack: Stack, report: Report) -> AsyncIterator[None]:
    """While inside, the processes of the stack are kept alive; `report` gets a paragraph for the screen."""
    tasks = [asyncio.create_task(keep_alive(entry, report)) for entry in all_supervised(stack)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def all_supervised(stack: Stack) -> list[Supervised]:
    """The servers that the stack has started, and every process that it runs now."""
    entries = []
    if isinstance(postgres := stack.servers.postgres, Postgres):
        entries.append(Supervised("PostgreSQL", lambda: postgres.process, postgres.start))
    if isinstance(broker := stack.servers.broker, Broker):
        entries.append(
            Supervised(
                "the broker",
                lambda: broker.process,
                partial(_start_broker, broker),
                "Its records were in memory; the services notice and publish them again.",
            )
        )
    for name in stack.processes:
        loss = (
            "Its state was in memory: it no longer knows earlier declarations and parcels." if name == "sandbox" else ""
        )
        entries.append(Supervised(name, partial(stack.processes.get, name), partial(_start_process, stack, name), loss))
    return entries


async def _start_broker(broker: Broker) -> None:
    await broker.start()
    await create_topics(broker.bootstrap, TOPICS)


async def _start_process(stack: Stack, name: str) -> None:
    stack.start(name)
    await stack.ready([name])


async def keep_alive(entry: Supervised, report: Report) -> None:
    """Restarts the process when it dies, until it has died too often in a row."""
    deaths, since = 0, time.monotonic()
    while True:
        process = entry.process()
        if process is None or process.alive:
            await asyncio.sleep(POLL_SECONDS)
            continue
        deaths = 1 if time.monotonic() - since >= STEADY_SECONDS else deaths + 1
        if deaths > len(PAUSES):
            report(
                f"{entry.name} {describe_exit(process.exit_code)}, {deaths} times in a row, and is not started again. "
                f"What it said: tail -n 50 {shlex.quote(str(process.log))}{_last_words(process)}"
            )
            return
        pause = PAUSES[deaths - 1]
        when = f"in {pause:.0f} s" if pause else "now"
        report(
            " ".join(
                part
                for part in (
                    f"{entry.name} {describe_exit(process.exit_code)}; it is started again {when}.",
                    entry.loss,
                    f"Its log: {process.log}{_last_words(process)}",
                )
                if part
            )
        )
        await asyncio.sleep(pause)
        since = time.monotonic()
        try:
            await entry.start()
        except (CannotStartError, KafkaError, OSError) as error:
            restarted = entry.process()
            if restarted is not None and restarted.alive:
                report(f"{entry.name} runs again but is not ready: {error}")
        else:
            report(f"{entry.name} is ready again.")


def _last_words(process: Process) -> str:
    lines = process.tail(_LAST_LINES).splitlines()
    return "".join(f"\n  | {text[:_LINE_LENGTH]}" for text in lines)
