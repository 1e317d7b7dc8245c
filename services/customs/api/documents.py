"""The messages to an authority as they are sent: for the firm or broker who signs and sends them in our place."""

from __future__ import annotations

from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Path, Response

from contracts.base import order_stream
from services.customs.destinations import DESTINATIONS
from services.paths import OrderPath, ParcelPath
from services.persons import reads
from services.persons.facts import PersonErased
from shared.http.api_keys import Principal, Require
from shared.http.openapi import described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

_TYPES = [message for destination in DESTINATIONS.values() for message in destination.message_types]
MessagePath = Annotated[str, Path(pattern=f"^({'|'.join(_TYPES)})$", description="The message's type.")]
_XML: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "The message, unsigned unless it is ours to send.",
            "content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, seal: Seal) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["parcels"])

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/import-messages/{message}",
        summary="Read a message to the authority of import",
        response_class=Response,
        openapi_extra=described(
            _XML, problems(because={404: "It is not written, or not yet.", 410: "The person's record was erased."})
        ),
    )
    async def get_import_message(
        order_id: OrderPath, parcel: ParcelPath, message: MessagePath, who: Principal = Depends(require("operator"))
    ) -> Response:
        """The message as it was written and checked when the parcel was handed over or had left. One that is not ours
        to send is signed and sent by the firm whose message it is, or its broker. Each reading is recorded, for it
        names buyer and addressee."""
        async with pool.acquire() as db, db.transaction():
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            if PersonErased in facts:
                raise Problem(410, "the person's record was erased")
            for destination in DESTINATIONS.values():
                document = await destination.document(db, order_id, parcel, message)
                if document is not None:
                    await reads.record(db, [order_id], message, f"parcel {parcel}", who.name)
                    return Response(seal.open(document.body, document.place), media_type=document.media_type)
        raise Problem(404, "no such message here")

    return routes
