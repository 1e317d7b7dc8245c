"""HTTP as the services are served."""

from __future__ import annotations

from typing import Any

import uvicorn

from shared.settings import PlatformSettings


async def serve_app(app: Any, settings: PlatformSettings) -> None:
    """Any ASGI application, until SIGTERM; on the internal port too, where the bench asks whether it is ready."""
    ports = ((settings.http_host, settings.http_port), (settings.internal_host, settings.internal_port))
    sockets = [uvicorn.Config(app, host=host, port=port, log_config=None).bind_socket() for host, port in ports]
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False)
    await uvicorn.Server(config).serve(sockets)
