"""What a carrier reported of a parcel, in its own words, for operators."""

from __future__ import annotations

import asyncpg
from fastapi import APIRouter, Depends, Response

from services.carrier.domain.words import own_code, own_words
from services.carrier.schemas import CarrierEventsView, CarrierEventView
from services.carrier.store import scans
from services.paths import OrderPath, ParcelPath
from services.persons import reads
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.sealing import Seal


def router(pool: asyncpg.Pool[asyncpg.Record], seal: Seal, require: Require) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["parcels"])

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/carrier-events",
        summary="Read what the carrier reported of a parcel",
        response_model=CarrierEventsView,
        openapi_extra=problems(because={404: "Nothing was reported of this parcel, or it has no label."}),
    )
    async def list_carrier_events(
        order_id: OrderPath, parcel: ParcelPath, who: Principal = Depends(require("operator"))
    ) -> Response:
        """Every event that the carrier, or who sends in its place, reported of the parcel, the latest first, also those
        that are not believed. Each reading is recorded: a carrier's words may name the addressee."""
        async with pool.acquire() as db, db.transaction():
            rows = await scans.of_parcel(db, order_id, parcel)
            if not rows:
                raise Problem(404, "nothing was reported of this parcel")
            await reads.record(db, [order_id], "carrier_events", f"parcel {parcel}", who.name)
        events = []
        for row in rows:
            place = scans.sealing_place(row["carrier"], row["tracking_number"], row["digest"])
            body = seal.open(row["body"], place) if row["body"] is not None else None
            events.append(
                CarrierEventView(
                    code=row["code"],
                    scanned_at=row["scanned_at"],
                    country=row["country"],
                    source=row["source"],
                    received_at=row["received_at"],
                    request_id=row["request_id"],
                    set_aside=row["set_aside"],
                    own_code=own_code(body) if body is not None else None,
                    words=own_words(body) if body is not None else None,
                )
            )
        return json_answer(CarrierEventsView(events=tuple(events)))

    return routes
