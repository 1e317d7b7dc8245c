"""Reads: an order with its declarations, messages and receipts, and the list of parcels."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import ParcelNumber, order_stream
from services.customs.destinations import DESTINATIONS
from services.customs.domain.decide import InForce
from services.customs.schemas import views
from services.customs.schemas.bodies import OrderView, ParcelsPage, ParcelState, ParcelView
from services.customs.store import export_declarations, parcels
from services.paths import OrderPath
from shared.http import paging
from shared.http.answers import etag_response
from shared.http.api_keys import Principal, Require
from shared.http.openapi import CONDITIONAL, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger

_IN_PARCELS = TypeAdapter(tuple[UUID, ParcelNumber])


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, in_force: InForce) -> APIRouter:
    key = require("support")
    routes = APIRouter(route_class=Route, tags=["orders"])

    @routes.get(
        "/orders/{order_id}",
        summary="Read an order with its papers",
        response_model=OrderView,
        openapi_extra=described(CONDITIONAL, problems(404)),
    )
    async def get_order(request: Request, order_id: OrderPath, _: Principal = Depends(key)) -> Response:
        """Screening, and for each parcel the declarations, messages and receipts, without their bodies."""
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            papers = views.Papers(
                [
                    message
                    for destination in DESTINATIONS.values()
                    for message in await destination.messages(db, order_id)
                ],
                [
                    receipt
                    for destination in DESTINATIONS.values()
                    for receipt in await destination.receipts(db, order_id)
                ],
                await export_declarations.of_order(db, order_id),
            )
        if not len(facts):
            raise Problem(404, "no such order here")
        return etag_response(request, views.order(facts, papers, in_force()).model_dump_json().encode())

    @routes.get(
        "/parcels",
        summary="List parcels",
        response_model=ParcelsPage,
        openapi_extra=described(PAGED, CONDITIONAL),
    )
    async def list_parcels(
        request: Request,
        state: Annotated[ParcelState | None, Query(description="In this state only.")] = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Parcels and where they stand with customs, by order."""
        async with pool.acquire() as db:
            rows = await parcels.list_page(db, state, paging.after(cursor, _IN_PARCELS), limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row["order_id"], row["parcel"]))
        page = ParcelsPage(parcels=tuple(ParcelView.model_validate(dict(row)) for row in shown), next=following)
        headers = paging.link(request, following)
        return etag_response(request, page.model_dump_json().encode(), headers=headers)

    return routes
