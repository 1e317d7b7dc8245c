"""Lots: how many units of each are in stock."""

from __future__ import annotations

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import Lot, Sku
from services.warehouse.schemas.lots import LotsPage, lot_view
from services.warehouse.store import lots
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import PAGED
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.routes import Route

_IN_LOTS = TypeAdapter(tuple[Sku, Lot])


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record]) -> APIRouter:
    key = require("warehouse")
    routes = APIRouter(route_class=Route, tags=["lots"])

    @routes.get("/lots", summary="List lots", response_model=LotsPage, openapi_extra=PAGED)
    async def list_lots(
        request: Request,
        sku: Annotated[Sku | None, Query(description="Of this product only.")] = None,
        in_stock: Annotated[bool, Query(description="Only those of which some are in stock.")] = False,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Lots of goods that are told apart by lot, by SKU and lot."""
        after = paging.after(cursor, _IN_LOTS)
        async with pool.acquire() as db:
            rows = await lots.list_lots(db, sku, in_stock, after, limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.sku, row.lot))
        page = LotsPage(lots=tuple(lot_view(row) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    return routes
