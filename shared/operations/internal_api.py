"""The internal port of a service: its health, its metrics and its API's documentation. See ADR 14."""

from __future__ import annotations

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.http import problems
from shared.loop import Loop
from shared.operations import docs, gauges, readiness
from shared.operations.state import ServiceState


def internal_app(state: ServiceState, stuck_after_seconds: float, public: FastAPI) -> FastAPI:
    """`/livez`, `/readyz`, `/metrics`, and `/docs` and `/openapi.json` of the public app.

    The public routes answer here too, so that a request tried out on the page of `/docs` has somewhere to go.
    """
    app = FastAPI(title=public.title, version=public.version, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.openapi = public.openapi  # type: ignore[method-assign]  # FastAPI's own way to another document
    problems.install(app)

    @app.get("/livez")
    async def livez() -> Response:
        """Fails only when a loop no longer runs; a server that is away must not cause restarts."""
        stuck = [loop.name for loop in state.loops if Loop.now() - loop.last_tick > stuck_after_seconds]
        return JSONResponse({"stuck": stuck}, 503 if stuck else 200)

    @app.get("/readyz")
    async def readyz(service: str = "") -> Response:
        """`service` is the service that the caller means: its address may belong to a replica of another service by
        now."""
        if service and service != state.name:
            raise problems.Problem(421, "another service", detail=f"this is {state.name}, not {service}")
        return readiness.answer(state)

    @app.get("/metrics")
    async def metrics_page() -> Response:
        gauges.loops(state)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.include_router(docs.router(state.name))
    app.mount("/", public)
    return app
