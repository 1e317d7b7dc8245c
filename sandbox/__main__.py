"""`python -m sandbox`: the external systems, simulated in one process with its state in memory."""

from __future__ import annotations

import uvicorn

from sandbox.app import create
from sandbox.protocol import DroppableProtocol
from sandbox.settings import SandboxSettings
from shared.clock import Clock


def main() -> None:
    settings = SandboxSettings()
    app = create(settings, Clock.from_file(settings.clock_file).now)
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        http=DroppableProtocol,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
