"""HTTP as the services are served."""

from __future__ import annotations

from typing import Any

import uvicorn

from shared.settings import PlatformSettings


async def serve_app(app: Any, settings: PlatformSettings) -> None:
    """Any ASGI application, until SIGTERM."""
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
    )
    await uvicorn.Server(config).serve()
