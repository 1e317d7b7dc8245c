"""Units with serials: where each is."""

from __future__ import annotations

from typing import Annotated, Literal

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from contracts.base import Gtin as Gtin14
from contracts.base import Serial, Sku
from contracts.warehouse import UnitKey
from services.warehouse.domain.units import IN_STOCK, UnitState
from services.warehouse.schemas.units import Gtin, UnitsPage, UnitView, unit_view
from services.warehouse.store import units
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import PAGED, problems
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.problems import Problem
from shared.http.routes import Route

_IN_UNITS = TypeAdapter(tuple[Gtin14, Serial])


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record]) -> APIRouter:
    key = require("warehouse")
    routes = APIRouter(route_class=Route, tags=["units"])

    @routes.get("/units", summary="List units with serials", response_model=UnitsPage, openapi_extra=PAGED)
    async def list_units(
        request: Request,
        sku: Annotated[Sku | None, Query(description="Of this product only.")] = None,
        gtin: Annotated[Gtin | None, Query(description="Of this GTIN only, with or without zeros in front.")] = None,
        state: Annotated[
            UnitState | Literal["in_stock"] | None,
            Query(description="In this state only; `in_stock`: received or returned, to be packed."),
        ] = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Units by GTIN and serial."""
        after = paging.after(cursor, _IN_UNITS)
        states = IN_STOCK if state == "in_stock" else (state,) if state else None
        async with pool.acquire() as db:
            rows = await units.list_units(db, sku, gtin.zfill(14) if gtin else None, states, after, limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.gtin, row.serial))
        page = UnitsPage(units=tuple(unit_view(row) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get(
        "/units/{gtin}/{serial:path}", summary="Read a unit", response_model=UnitView, openapi_extra=problems(404)
    )
    async def get_unit(
        gtin: Annotated[str, Path(description="GTIN, with or without zeros in front.")],
        serial: Annotated[str, Path(description="AI 21, percent-encoded.")],
        _: Principal = Depends(key),
    ) -> Response:
        """Where the unit is."""
        try:
            unit = UnitKey(gtin=gtin.zfill(14), serial=serial)
        except ValidationError:
            raise Problem(404, "no such unit") from None
        async with pool.acquire() as db:
            found = await units.find(db, [unit])
        if unit not in found:
            raise Problem(404, "no such unit")
        return json_answer(unit_view(found[unit]))

    return routes
