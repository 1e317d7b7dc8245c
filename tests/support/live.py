"""For tests that watch something alive: waiting for what it does, and an app behind real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal, TypeVar, overload

import uvicorn
from starlette.types import ASGIApp

from contracts.base import Event
from sandbox.protocol import DroppableProtocol
from shared.ledger.facts import Facts

T = TypeVar("T")
E = TypeVar("E", bound=Event)

PATIENCE_SECONDS = 60.0
"""Long for a machine that is busy with other things; nobody waits for it where all is well."""


@overload
async def until(question: Callable[[], Awaitable[T | None]], seconds: float = ...) -> T: ...


@overload
async def until(question: Callable[[], bool], seconds: float = ...) -> bool: ...


async def until(question: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Asks, often, until the answer is a yes or a thing, and returns it; TimeoutError after so many real seconds."""
    async with asyncio.timeout(seconds):
        while True:
            answer = question()
            found = answer if isinstance(answer, bool) else await answer
            if found:
                return found
            await asyncio.sleep(0.05)


async def until_known(read: Callable[[], Awaitable[Facts]], kind: type[E], subject: str | int = "") -> E:
    """Waits until the facts read hold one of this kind, about this subject if it is named, and returns it."""

    async def known() -> E | None:
        facts = await read()
        return facts.get(kind, subject) if subject != "" else facts.first(kind)

    return await until(known)


@asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    lifespan: Literal["on", "off"] = "off",
    port: int = 0,
    http: type[asyncio.Protocol] = DroppableProtocol,
) -> AsyncIterator[str]:
    """The app behind real HTTP; its address."""
    config = uvicorn.Config(
        app,
        port=port,
        http=http,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan=lifespan,
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class _Quiet(uvicorn.Server):
    """Leaves the test runner's signal handlers alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
