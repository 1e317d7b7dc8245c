"""The inside view of an order, for operators."""

from __future__ import annotations

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from services.carrier.schemas import OrderView, order_view
from services.carrier.store import labels, scans, unconfirmed_labels
from services.paths import OrderPath
from shared.http.answers import etag_response
from shared.http.api_keys import Principal, Require
from shared.http.openapi import CONDITIONAL, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger


def router(pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, require: Require) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["orders"])
    support = Depends(require("support"))

    @routes.get(
        "/orders/{order_id}",
        summary="Read an order with its parcels and labels",
        response_model=OrderView,
        openapi_extra=described(CONDITIONAL, problems(404)),
    )
    async def get_order(request: Request, order_id: OrderPath, _: Principal = support) -> Response:
        """What the carrier service knows of an order: parcels, every label made, every label that may exist."""
        async with pool.acquire() as db, db.transaction():
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            if not len(facts):
                raise Problem(404, "no such order")
            view = order_view(
                facts,
                labels=await labels.of_order(db, order_id),
                unconfirmed=await unconfirmed_labels.of_order(db, order_id),
                unreadable=await scans.count_unreadable(db, order_id),
                aside=await scans.set_aside_of(db, order_id),
            )
        return etag_response(request, view.model_dump_json().encode())

    return routes
