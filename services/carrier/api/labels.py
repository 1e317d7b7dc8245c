"""Labels, for the packers."""

from __future__ import annotations

from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from contracts.carrier import LabelCreated
from services.carrier.api.parameters import ParcelPath
from services.carrier.domain.labels import is_label_needed
from services.carrier.store import labels
from shared.http.answers import etag_response
from shared.http.api_keys import Principal, Require
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger
from shared.sealing import Seal


def router(pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, seal: Seal, require: Require) -> APIRouter:
    routes = APIRouter(route_class=Route)
    warehouse = Depends(require("warehouse"))

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/label",
        tags=["labels"],
        response_class=Response,
        responses={
            200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
            404: {"description": "no label, or not yet"},
            410: {"description": "the order was withdrawn, or the label's time is over"},
        },
    )
    async def label(request: Request, order_id: UUID, parcel: ParcelPath, who: Principal = warehouse) -> Response:
        """The one label of the parcel, as PDF. Each reading is recorded: a label bears the addressee."""
        async with pool.acquire() as db, db.transaction():
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            row = await labels.shown(db, order_id, parcel)
            if row is None or facts.get(LabelCreated, parcel) is None:
                raise Problem(404, "no label for this parcel")
            if row["pdf"] is None or not is_label_needed(facts):
                raise Problem(410, "this label may not be used any more")
            await labels.record_read(db, order_id, parcel, who.name)
        pdf = seal.open(row["pdf"], labels.pdf_place(row["carrier"], row["tracking_number"]))
        return etag_response(request, pdf, "application/pdf", {"X-Tracking-Number": row["tracking_number"]})

    return routes
