"""Cases about vendors: what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import Code
from services.makers.api.vendor_actions import VendorActions
from services.makers.domain.cases import RESTORED
from services.makers.domain.restored import NO_BRAND, missing
from services.makers.schemas.vendors import CasesPage, CaseView, ResolutionBody, StandingView, case_view
from services.makers.store import cases, products, vendors
from services.open_cases import OpenCasesOfKindView, open_by_kind
from services.refusals.routes import RefusalRoute
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Instant, Limit

_IN_CASES = TypeAdapter(tuple[Instant, UUID])


def router(
    require: Require, pool: asyncpg.Pool[asyncpg.Record], requests: IdempotentRequests, actions: VendorActions
) -> APIRouter:
    routes = APIRouter(route_class=RefusalRoute, tags=["cases"])

    @routes.get("/standing", summary="The open cases in figures", response_model=StandingView)
    async def get_standing(_: Principal = Depends(require("support"))) -> Response:
        """How many cases of each kind are open, and how many of them are past their due date."""
        async with pool.acquire() as db:
            rows = await open_by_kind(db, actions.lock.now())
        return json_answer(StandingView(cases=tuple(OpenCasesOfKindView(**row) for row in rows)))

    @routes.get("/cases", summary="List open cases", response_model=CasesPage, openapi_extra=PAGED)
    async def list_cases(
        request: Request,
        kind: Annotated[Code | None, Query(description="Of this kind only.")] = None,
        vendor_id: Annotated[UUID | None, Query(description="About this vendor only.")] = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(require("support")),
    ) -> Response:
        """The oldest first."""
        async with pool.acquire() as db:
            rows = await cases.list_open(db, kind, vendor_id, paging.after(cursor, _IN_CASES), limit + 1)
            lacking = await _lacking(db, [row.vendor_id for row in rows if row.kind == RESTORED])
        shown, following = paging.cut(rows, limit, lambda row: (row.opened_at, row.id))
        views = tuple(case_view(row, lacking[row.vendor_id] if row.kind == RESTORED else ()) for row in shown)
        page = CasesPage(cases=views, next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.post(
        "/cases/{case_id}/resolution",
        summary="Settle a case",
        response_model=CaseView,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "It is settled, or its own action settles it."})
        ),
    )
    async def settle_case(
        request: Request,
        case_id: Annotated[UUID, Path(description="The case's id.")],
        body: ResolutionBody,
        principal: Principal = Depends(require()),
    ) -> Response:
        """By a person's choice: of orders in flight `go_on` or `withdraw`."""

        async def work(db: DB) -> Response:
            return json_answer(case_view(await actions.settle(db, case_id, body.resolution, principal.name)))

        return await requests.run(request, principal, work)

    return routes


async def _lacking(db: DB, vendor_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[str]]:
    """What each of these vendors is to be asked for after a restore."""
    if not vendor_ids:
        return {}
    brandless = await products.vendors_without(db, vendor_ids, NO_BRAND)
    known_vendors = await vendors.find_all(db, vendor_ids)
    return {vendor.id: missing(vendor, brands=vendor.id in brandless) for vendor in known_vendors}
