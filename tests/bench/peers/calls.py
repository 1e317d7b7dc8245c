"""Outside calls by others: a bare loop of calls, and a worker that makes one call at a time."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvloop

from shared.platform import Make, Platform, Service

AT_ONCE = 16
"""As many calls as the project's worker has under way."""
T = TypeVar("T")


def one_at_a_time(make: Make) -> Make:
    """The service, but one call at a time."""

    def made(platform: Platform) -> Service:
        service = make(platform)
        return replace(service, jobs=tuple(replace(kind, concurrency=1) for kind in service.jobs))

    return made


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(limits=httpx.Limits(max_connections=40), trust_env=False)


async def rate(items: Sequence[T], call: Callable[[T], Awaitable[None]]) -> float:
    """Calls a second, one for each item."""
    remaining = iter(items)

    async def caller() -> None:
        for item in remaining:
            await call(item)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(caller())
    return len(items) / (time.perf_counter() - began)


def main(bare: Callable[[Mapping[str, Any]], Coroutine[Any, Any, float]]) -> None:
    """`python -m <module> plan result`: runs the loop as planned."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps({"rate": uvloop.run(bare(plan))}))
