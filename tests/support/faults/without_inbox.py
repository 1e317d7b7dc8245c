"""Runs a service without its inbox, for the tests that the checker complains: a fact that it knows is new to it again.

The guarantee is taken out here, in a process of the tests; no service can be told to leave it out.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from contracts.base import Event
from sandbox.local.processes import Process
from sandbox.local.stack import ROOT
from shared.ledger.facts import Facts
from tests.support.faults.busy_stack import BusyStack


@asynccontextmanager
async def without_inbox(busy: BusyStack, service: str) -> AsyncIterator[None]:
    """While this lasts, the service's process is one that records a repeated fact as often as it comes."""
    sound = busy.stack.processes[service]
    broken = Process(
        sound.name,
        [sys.executable, "-m", __name__, service],
        sound.log,
        env=busy.stack.environment(service),
        cwd=ROOT,
    )
    await asyncio.to_thread(sound.end)
    busy.stack.processes[service] = broken
    broken.start()
    try:
        await busy.stack.ready([service])
        yield
    finally:
        await asyncio.to_thread(broken.end)
        busy.stack.processes[service] = sound
        busy.start(service)
    await busy.stack.ready([service])


def main() -> None:
    """`python -m tests.support.faults.without_inbox <service>`."""
    service = sys.argv.pop(1)
    add = Facts.add

    def add_as_new(self: Facts, event: Event) -> bool:
        add(self, event)
        return True

    Facts.add = add_as_new  # type: ignore[method-assign]
    import_module(f"services.{service}.main").main()


if __name__ == "__main__":
    main()
