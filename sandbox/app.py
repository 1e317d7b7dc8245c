"""The external systems as one ASGI application: an application for each counterpart, and `/control`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from sandbox import control
from sandbox.china_customs import gateway as china_customs
from sandbox.faults import CounterpartName, FaultMiddleware, Faults
from sandbox.france_customs import gateway as france_customs
from sandbox.laposte import sls, suivi, timeline
from sandbox.laposte.callbacks import Callbacks
from sandbox.settings import SandboxSettings
from sandbox.vies import rest as vies
from sandbox.witness import app as witness
from sandbox.witness.witness import Witness
from sandbox.world import World


def create(settings: SandboxSettings, now: Callable[[], datetime]) -> FastAPI:
    """The application. `now` is business time; call-backs run while the application does."""
    ems_directory = Path(settings.ems_feed_dir) if settings.ems_feed_dir else None
    world = World(now, [kind for kind in settings.ceb_expects.split(",") if kind], ems_directory)
    faults = Faults()
    url = settings.carrier_webhook_url
    callbacks = Callbacks(world.laposte, world.advance, faults, url, settings.webhook_secret.get_secret_value())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        callbacks.start()
        try:
            yield
        finally:
            await callbacks.stop()

    app = FastAPI(title="Silkpost sandbox", lifespan=lifespan, redirect_slashes=False)

    def counterpart(path: str, name: CounterpartName, inner: ASGIApp) -> None:
        app.mount(path, FaultMiddleware(inner, name, faults, world.requests, settings.sandbox_latency_ms))

    credentials = sls.Credentials(
        settings.laposte_contract_number,
        settings.laposte_password.get_secret_value(),
        settings.laposte_api_key.get_secret_value(),
    )
    okapi_key = settings.okapi_key.get_secret_value()
    counterpart("/laposte/sls-ws", "sls", sls.app(world.laposte, world.advance, credentials))
    counterpart(
        "/laposte/suivi", "suivi", suivi.app(world.laposte, world.advance, okapi_key, settings.suivi_quota_per_second)
    )
    counterpart("/laposte/tracking-timeline-ws", "timeline", timeline.app(world.laposte, world.advance, credentials))
    counterpart("/douane", "douane", france_customs.app(world.france_customs, world.advance))
    counterpart("/vies", "vies", vies.app(world.vies, world.advance))
    counterpart("/chinaport", "chinaport", china_customs.app(world.china_customs, world.advance))
    known = Witness([key for key in settings.witness_logs.split(",") if key], lambda: int(time.time()))
    counterpart("/witness", "witness", witness.app(known))
    app.include_router(control.router(world, faults, callbacks, anywhere=settings.sandbox_control_anywhere))

    @app.get("/livez")
    @app.get("/readyz")
    async def ready(response: Response) -> dict[str, bool]:
        """503 when business time has stopped."""
        if not callbacks.running:
            response.status_code = 503
        return {"running": callbacks.running}

    return app
