"""The internal port of a service: its health, its metrics and its API's documentation. See ADR 14."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.http import problems
from shared.loop import Loop
from shared.operations import gauges, readiness

if TYPE_CHECKING:
    from shared.platform import Platform


def internal_app(platform: Platform, public: FastAPI) -> FastAPI:
    """`/livez`, `/readyz`, `/metrics`, and `/docs`, `/redoc` and `/openapi.json` of the public app.

    The public routes answer here too, so that a request tried out on the page of `/docs` has somewhere to go.
    """
    app = FastAPI(title=public.title, version=public.version, redirect_slashes=False)
    app.openapi = public.openapi  # type: ignore[method-assign]  # FastAPI's own way to another document
    problems.install(app)

    @app.get("/livez")
    async def livez() -> Response:
        """Fails only when a loop of ours has stopped turning; a server that is away must restart nobody."""
        patience = platform.settings.stuck_after_seconds
        stuck = [loop.name for loop in platform.loops if Loop.now() - loop.last_tick > patience]
        return JSONResponse({"stuck": stuck}, 503 if stuck else 200)

    @app.get("/readyz")
    async def readyz() -> Response:
        return readiness.answer(platform)

    @app.get("/metrics")
    async def metrics_page() -> Response:
        gauges.loops(platform)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.mount("/", public)
    return app
