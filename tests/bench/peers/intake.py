"""`POST /orders` by others: one transaction a request, and no transaction at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from services.orders.api.intake import Submission
from services.orders.main import order_intake, service
from services.orders.schemas.intake import check
from services.persons.records import Persons
from shared.db import DB
from shared.http.api_keys import Principal
from shared.http.problems import Problem
from shared.platform import Platform, Service
from shared.settings import PlatformSettings
from shared.telemetry import current_traceparent


def peer(platform: Platform) -> Service:
    """`orders`, but for its intake: each request in a transaction of its own."""
    routes = APIRouter()
    marketplace = Depends(platform.require("marketplace"))
    intake = order_intake(platform, Persons.of(platform.settings))

    @routes.post("/orders", status_code=201)
    async def post_order(request: Request, principal: Principal = marketplace) -> Response:
        order = check(json.loads(await request.body(), parse_float=Decimal), platform.clock.now())
        if isinstance(order, list):
            raise Problem(422, "the order has faults", errors=order)
        idempotent = await platform.requests.read(request, principal)
        submission = Submission(idempotent, principal.name, order, current_traceparent())

        async def work(db: DB) -> Response:
            (answer,) = await intake.place(db, [submission])
            if isinstance(answer, Problem):
                raise answer
            return answer

        return await platform.requests.run(request, principal, work)

    made = service(platform)
    return replace(made, routers=(routes, *made.routers))


def bare(_settings: PlatformSettings) -> FastAPI:
    """The same body, validated by the same rules, and nothing stored."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def post_order(request: Request) -> Response:
        order = check(json.loads(await request.body(), parse_float=Decimal), datetime.now(UTC))
        if isinstance(order, list):
            return JSONResponse({"errors": [fault.field for fault in order]}, 422)
        order_id = str(uuid4())
        return JSONResponse({"id": order_id, "number": order.number}, 201, {"Location": f"/orders/{order_id}"})

    @app.get("/readyz")
    async def ready() -> Response:
        return Response()

    return app
