"""Labels and the slips beside them, for the packers."""

from __future__ import annotations

from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from contracts.carrier import LabelCreated
from services.carrier.domain.labels import is_label_needed
from services.carrier.domain.slips import slip
from services.carrier.store import labels
from services.paths import OrderPath, ParcelPath
from services.persons import reads
from services.persons.facts import contact_version
from services.persons.records import Persons
from services.plans import is_given_up
from shared.db import DB
from shared.http.answers import etag_response
from shared.http.api_keys import Principal, Require
from shared.http.openapi import CONDITIONAL, Node, described, header, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

_PDF: Node = {
    "responses": {
        "200": {
            "description": "The label.",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
            "headers": {"X-Tracking-Number": header("The label's.")},
        }
    }
}


_SLIP: Node = {
    "responses": {
        "200": {
            "description": "The slip, in UTF-8.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "headers": {"X-Tracking-Number": header("The label's.")},
        }
    }
}


def router(
    pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, persons: Persons, seal: Seal, require: Require
) -> APIRouter:
    routes = APIRouter(route_class=Route)
    warehouse = Depends(require("warehouse"))

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/label",
        summary="Read the label of a parcel",
        tags=["labels"],
        response_class=Response,
        openapi_extra=described(
            _PDF,
            CONDITIONAL,
            problems(
                because={
                    404: "There is no label, or not yet.",
                    410: "The order was withdrawn, or the label's time is over.",
                }
            ),
        ),
    )
    async def get_label(
        request: Request, order_id: OrderPath, parcel: ParcelPath, who: Principal = warehouse
    ) -> Response:
        """The one label of the parcel, as PDF. Each reading is recorded, for a label bears the addressee."""
        async with pool.acquire() as db, db.transaction():
            row = await _usable(db, await _facts(db, ledger, order_id), parcel)
            await reads.record(db, [order_id], "label", f"parcel {parcel}", who.name)
        pdf = seal.open(row["pdf"], labels.pdf_place(row["carrier"], row["tracking_number"]))
        return etag_response(request, pdf, "application/pdf", {"X-Tracking-Number": row["tracking_number"]})

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/slip",
        summary="Read the slip that goes beside the label of a parcel",
        tags=["labels"],
        response_class=Response,
        openapi_extra=described(
            _SLIP,
            CONDITIONAL,
            problems(
                because={
                    404: "There is no label, or not yet.",
                    410: "The order was withdrawn, or the label's time is over.",
                }
            ),
        ),
    )
    async def get_slip(
        request: Request, order_id: OrderPath, parcel: ParcelPath, who: Principal = warehouse
    ) -> Response:
        """Name, phone and address of the addressee in the characters that the shop gave: the label has them in Latin
        letters. Print it, and stick it beside the label. Each reading is recorded."""
        async with pool.acquire() as db, db.transaction():
            facts = await _facts(db, ledger, order_id)
            row = await _usable(db, facts, parcel)
            purpose = f"slip of parcel {parcel}"
            contact = await persons.contact(db, order_id, contact_version(facts), purpose, who.name)
            if contact is None:
                raise Problem(410, "this label may not be used any more")
        number = row["tracking_number"]
        text = slip(contact, number).encode()
        return etag_response(request, text, "text/plain; charset=utf-8", {"X-Tracking-Number": number})

    return routes


async def _usable(db: DB, facts: Facts, parcel: int) -> asyncpg.Record:
    """The label of the parcel. Raises Problem."""
    row = await labels.shown(db, facts.id, parcel)
    if row is None or facts.get(LabelCreated, parcel) is None:
        raise Problem(404, "no label for this parcel")
    if row["pdf"] is None or not is_label_needed(facts) or is_given_up(facts, parcel):
        raise Problem(410, "this label may not be used any more")
    return row


async def _facts(db: DB, ledger: Ledger, order_id: UUID) -> Facts:
    return (await ledger.read(db, [order_stream(order_id)]))[order_id]
