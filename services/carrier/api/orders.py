"""The inside view of an order, for operators."""

from __future__ import annotations

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from services.carrier.domain.answers import NotPossible
from services.carrier.domain.claims import claim_draft
from services.carrier.domain.details import day_set_aside
from services.carrier.domain.parcels import parcels_of
from services.carrier.domain.silence import SilencePolicy
from services.carrier.schemas import ClaimView, OrderView, claim_view, order_view
from services.carrier.store import details, labels, scans, unconfirmed_labels
from services.paths import OrderPath, ParcelPath
from shared.clock import Clock
from shared.http.answers import etag_response, json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import CONDITIONAL, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger


def router(
    pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, clock: Clock, require: Require, silence: SilencePolicy
) -> APIRouter:
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
            now = clock.now()
            reports = await details.of_order(db, order_id)
            view = order_view(
                facts,
                labels=await labels.of_order(db, order_id),
                unconfirmed=await unconfirmed_labels.of_order(db, order_id),
                unreadable=await scans.count_unreadable(db, order_id),
                aside=await scans.set_aside_of(db, order_id),
                days=[(report.parcel, day) for report in reports if (day := day_set_aside(facts, report, now))],
            )
        return etag_response(request, view.model_dump_json().encode())

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/claim",
        summary="Draft a claim about a lost or silent parcel",
        response_model=ClaimView,
        openapi_extra=problems(404, because={409: "The parcel is not lost, and no enquiry about it is open."}),
    )
    async def draft_claim(order_id: OrderPath, parcel: ParcelPath, _: Principal = support) -> Response:
        """What to send the carrier before it takes no claim any more: where and when the parcel was handed over, what
        it holds, and all that the carrier has reported of it."""
        async with pool.acquire() as db:
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
        if parcel not in parcels_of(facts):
            raise Problem(404, "no such parcel")
        try:
            draft = claim_draft(facts, parcel, silence)
        except NotPossible as fault:
            raise Problem(409, str(fault)) from None
        return json_answer(claim_view(draft), 200)

    return routes
