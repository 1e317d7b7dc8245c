"""An app behind real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from sandbox.protocol import DroppableProtocol
from shared.limits import KEEP_ALIVE_SECONDS
from tests.support.waiting import until


@asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    lifespan: Literal["on", "off"] = "off",
    port: int = 0,
    http: type[asyncio.Protocol] = DroppableProtocol,
    tls: tuple[Path, Path] | None = None,
) -> AsyncIterator[str]:
    """The app behind real HTTP, or HTTPS with this certificate and key; its address."""
    config = uvicorn.Config(
        app,
        port=port,
        http=http,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,  # longer than the clients', or a request may meet the closing
        ssl_certfile=tls and tls[0],
        ssl_keyfile=tls and tls[1],
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class _Quiet(uvicorn.Server):
    """Leaves the test runner's signal handlers alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
