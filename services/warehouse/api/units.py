"""Units with serials: where each is."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from contracts.base import Gtin as Gtin14
from contracts.base import Serial, Sku
from contracts.warehouse import UnitKey
from services.vendor_keys import VENDOR_SCOPE, vendor_of
from services.warehouse.domain.units import IN_STOCK, Unit, UnitState
from services.warehouse.schemas.units import Gtin, UnitsPage, UnitView, unit_view
from services.warehouse.store import goods, units
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import PAGED, problems
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.problems import Problem
from shared.http.routes import Route

_IN_UNITS = TypeAdapter(tuple[Gtin14, Serial])


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record]) -> APIRouter:
    reader = require("warehouse", VENDOR_SCOPE)
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
        principal: Principal = Depends(reader),
    ) -> Response:
        """Units by GTIN and serial; a vendor's key lists those of its own products."""
        after, vendor = paging.after(cursor, _IN_UNITS), vendor_of(principal)
        states = IN_STOCK if state == "in_stock" else (state,) if state else None
        async with pool.acquire() as db:
            rows = await units.list_units(db, sku, gtin.zfill(14) if gtin else None, states, vendor, after, limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.gtin, row.serial))
        page = UnitsPage(units=tuple(unit_view(row) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get(
        "/units/{gtin}/{serial:path}", summary="Read a unit", response_model=UnitView, openapi_extra=problems(404)
    )
    async def get_unit(
        gtin: Annotated[str, Path(description="GTIN, with or without zeros in front.")],
        serial: Annotated[str, Path(description="AI 21, percent-encoded.")],
        principal: Principal = Depends(reader),
    ) -> Response:
        """Where the unit is. To a vendor's key one of another vendor's product is unknown."""
        try:
            unit = UnitKey(gtin=gtin.zfill(14), serial=serial)
        except ValidationError:
            raise Problem(404, "no such unit") from None
        async with pool.acquire() as db:
            unit_found = (await units.find(db, [unit])).get(unit)
            shown = unit_found is not None and await _is_shown(db, unit_found, vendor_of(principal))
        if unit_found is None or not shown:
            raise Problem(404, "no such unit")
        return json_answer(unit_view(unit_found))

    return routes


async def _is_shown(db: DB, unit: Unit, vendor: UUID | None) -> bool:
    """Whose a unit is without a SKU, after a restore, nobody knows yet."""
    return vendor is None or (unit.sku is not None and bool(await goods.skus_of(db, [unit.sku], vendor)))
