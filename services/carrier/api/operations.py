"""Letting an operation of a carrier go on that is paused for a fault of ours."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse

from contracts.base import COUNTERPART, Stream
from contracts.carriers import carrier_of
from services.carrier.domain.labels import label_job
from services.carrier.domain.operations import LABELS, resume
from services.carrier.schemas import OperationView
from shared.clock import Clock
from shared.db import DB
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.jobs import pauses
from shared.ledger.ledger import Ledger

CounterpartName = Annotated[str, Path(description="The carrier as a counterpart, e.g. `carrier.laposte`.")]
OperationName = Annotated[str, Path(description="What it is asked for: `labels`.")]


def router(
    ledger: Ledger, clock: Clock, requests: IdempotentRequests, require: Require, carriers: Collection[str]
) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["operations"])
    operator = Depends(require("operator"))

    @routes.post(
        "/counterparts/{name}/operations/{operation}/resume",
        summary="Let a paused operation go on",
        response_model=OperationView,
        openapi_extra=described(IDEMPOTENT, problems(409, because={404: "This service asks no such thing of it."})),
    )
    async def resume_operation(
        request: Request, name: CounterpartName, operation: OperationName, who: Principal = operator
    ) -> Response:
        """The fault is mended: what waits is asked for again at once, without the check that would end the pause by
        itself. Repeated, or when it is not paused, it changes nothing."""
        carrier = carrier_of(name)
        if carrier not in carriers or operation != LABELS:
            raise Problem(404, "no such operation")

        async def work(db: DB) -> Response:
            streams = [
                Stream(COUNTERPART, stream_id) for stream_id in await pauses.pausing_streams(db, label_job(carrier))
            ]
            sets = await ledger.lock(db, streams)
            await ledger.publish(
                db, [event for facts in sets.values() for event in resume(facts, "operator", clock.now())]
            )
            view = OperationView(counterpart=name, operation=operation, paused=False)
            return JSONResponse(view.model_dump(mode="json"))

        return await requests.run(request, who, work)

    return routes
