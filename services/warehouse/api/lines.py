"""The lines of an order, for whose goods they are."""

from __future__ import annotations

import asyncpg
from fastapi import APIRouter, Depends, Response

from contracts.base import order_stream
from services.paths import OrderPath
from services.vendor_keys import VENDOR_SCOPE, vendor_of
from services.warehouse.domain.orders import order_lines
from services.warehouse.schemas.orders import OrderLinesView, order_lines_view
from services.warehouse.store import goods
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["orders"])

    @routes.get(
        "/orders/{order_id}/lines",
        summary="Read an order's lines",
        response_model=OrderLinesView,
        openapi_extra=problems(404),
    )
    async def get_order_lines(
        order_id: OrderPath, principal: Principal = Depends(require("warehouse", VENDOR_SCOPE))
    ) -> Response:
        """What was ordered, and how far the order is. A vendor's key reads the lines of its own products; an order
        without any is unknown to it. `GET /units` names the orders in whose boxes its units lie."""
        async with pool.acquire() as db:
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            lines = order_lines(facts)
            vendor_skus = set(await goods.skus_of(db, [line.sku for line in lines], vendor_of(principal)))
        if not (shown := [line for line in lines if line.sku in vendor_skus]):
            raise Problem(404, "no such order here")
        return json_answer(order_lines_view(facts, shown))

    return routes
