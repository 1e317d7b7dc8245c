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
from tests.support.faults.field import Field


@asynccontextmanager
async def without_inbox(field: Field, service: str) -> AsyncIterator[None]:
    """While this lasts, the service's process is one that records a repeated fact as often as it comes."""
    sound = field.stack.processes[service]
    broken = Process(
        sound.name,
        [sys.executable, "-m", __name__, service],
        sound.log,
        env=field.stack.environment(service),
        cwd=ROOT,
    )
    await asyncio.to_thread(sound.end)
    field.stack.processes[service] = broken
    broken.start()
    try:
        await field.stack.ready([service])
        yield
    finally:
        await asyncio.to_thread(broken.end)
        field.stack.processes[service] = sound
        field.start(service)
    await field.stack.ready([service])


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
