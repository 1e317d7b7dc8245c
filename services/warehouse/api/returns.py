"""What comes back: the list of parcels that were announced. They are booked in by the routes of their orders."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import ParcelNumber
from services.tracking_numbers import TypedNumber
from services.warehouse.schemas.returns import ExpectedReturnsPage, expected_return_view
from services.warehouse.store import expected_returns
from shared.clock import Clock
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import PAGED
from shared.http.paging import PAGE, Cursor, Instant, Limit
from shared.http.routes import Route

_IN_RETURNS = TypeAdapter(tuple[Instant, UUID, ParcelNumber])
NumberQuery: TypeAlias = Annotated[
    TypedNumber | None, Query(description="Of the label on the parcel that is here, as scanned or typed.")
]


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> APIRouter:
    key = require("warehouse")
    routes = APIRouter(route_class=Route, tags=["returns"])

    @routes.get(
        "/returns",
        summary="List the parcels that come back",
        response_model=ExpectedReturnsPage,
        openapi_extra=PAGED,
    )
    async def list_returns(
        request: Request,
        tracking_number: NumberQuery = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Parcels that could not be delivered: announced by the carrier and not booked in, the first expected first."""
        after, now = paging.after(cursor, _IN_RETURNS), clock.now()
        async with pool.acquire() as db:
            rows = await expected_returns.find(db, tracking_number, after, limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.expected_by, row.order_id, row.parcel))
        page = ExpectedReturnsPage(returns=tuple(expected_return_view(row, now) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    return routes
