"""The papers of a parcel, for the packers: its label, its CN23, and the slip beside the label."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from contracts.carrier import LabelCreated
from services.carrier.domain.documents import PDF, ZPL
from services.carrier.domain.labels import is_label_needed
from services.carrier.domain.slips import slip_lines
from services.carrier.store import labels
from services.paths import OrderPath, ParcelPath
from services.persons import reads
from services.persons.facts import contact_version
from services.persons.records import Persons
from services.plans import is_given_up
from shared.db import DB
from shared.http.accept import preferred
from shared.http.answers import etag_response
from shared.http.api_keys import Principal, Require
from shared.http.openapi import CONDITIONAL, Node, described, header, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

NUMBER = "X-Tracking-Number"
PRINTS = "X-Label-Prints"
_BINARY: Node = {"schema": {"type": "string", "format": "binary"}}
_NUMBER: Node = {NUMBER: header("The label's.")}
_GONE = {
    404: "There is no label, or not yet.",
    410: "The order was withdrawn, or the label's time is over.",
}


_PRINTS: Node = {
    PRINTS: header("How often this label was handed out, this time included; above 1 it is a reprint.", "integer")
}


def _papers(description: str, headers: Node) -> Node:
    content = dict.fromkeys((PDF, ZPL), _BINARY)
    return {"responses": {"200": {"description": description, "content": content, "headers": headers}}}


_SLIP: Node = {
    "responses": {
        "200": {
            "description": "The slip: text in UTF-8, or with `Accept: application/pdf` a page of 10 x 15 cm.",
            "content": {"text/plain": {"schema": {"type": "string"}}, PDF: _BINARY},
            "headers": _NUMBER,
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
            _papers("The label, in the language of the printer for which it was made.", _NUMBER | _PRINTS),
            CONDITIONAL,
            problems(because=_GONE),
        ),
    )
    async def get_label(
        request: Request, order_id: OrderPath, parcel: ParcelPath, who: Principal = warehouse
    ) -> Response:
        """The one label of the parcel, as the carrier made it: PDF or ZPL. Each reading is recorded, for a label bears
        the addressee, and each handing out is counted."""
        async with pool.acquire() as db, db.transaction():
            row = await _usable(db, await _facts(db, ledger, order_id), parcel)
            await reads.record(db, [order_id], "label", f"parcel {parcel}", who.name)
            key = (row["carrier"], row["tracking_number"])
            label = seal.open(row["pdf"], labels.pdf_place(*key))
            response = etag_response(request, label, row["media_type"], {NUMBER: row["tracking_number"]})
            if response.status_code == 200:
                response.headers[PRINTS] = str((await labels.count_prints(db, [key]))[key])
        return response

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/cn23",
        summary="Read the CN23 of a parcel",
        tags=["labels"],
        response_class=Response,
        openapi_extra=described(
            _papers("The CN23 with its copies, in the language of the printer for which it was made.", _NUMBER),
            CONDITIONAL,
            problems(because={**_GONE, 404: "There is no label, or not yet, or no CN23 came with it."}),
        ),
    )
    async def get_customs_form(
        request: Request, order_id: OrderPath, parcel: ParcelPath, who: Principal = warehouse
    ) -> Response:
        """The customs declaration that goes with the parcel, as the carrier made it: every copy in one document, PDF or
        ZPL. Where the label bears the CN23 it is that page. Each reading is recorded, for it bears the addressee."""
        async with pool.acquire() as db, db.transaction():
            row = await _usable(db, await _facts(db, ledger, order_id), parcel)
            if row["cn23"] is None:
                raise Problem(404, "no CN23 for this parcel")
            await reads.record(db, [order_id], "cn23", f"parcel {parcel}", who.name)
        number = row["tracking_number"]
        cn23 = seal.open(row["cn23"], labels.cn23_place(row["carrier"], number))
        return etag_response(request, cn23, row["cn23_media_type"], {NUMBER: number})

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/slip",
        summary="Read the slip that goes beside the label of a parcel",
        tags=["labels"],
        response_class=Response,
        openapi_extra=described(
            _SLIP, CONDITIONAL, problems(because={**_GONE, 409: "The PDF's font lacks a character: ask for text."})
        ),
    )
    async def get_slip(
        request: Request, order_id: OrderPath, parcel: ParcelPath, who: Principal = warehouse
    ) -> Response:
        """Name, phone and address of the addressee in the characters that the shop gave: the label has them in Latin
        letters. Print it, and stick it beside the label: as text, or with `Accept: application/pdf` as a page with its
        font. Each reading is recorded."""
        async with pool.acquire() as db, db.transaction():
            facts = await _facts(db, ledger, order_id)
            row = await _usable(db, facts, parcel)
            purpose = f"slip of parcel {parcel}"
            contact = await persons.contact(db, order_id, contact_version(facts), purpose, who.name)
            if contact is None:
                raise Problem(410, "this label may not be used any more")
        number = row["tracking_number"]
        lines, headers = slip_lines(contact, number), {NUMBER: number, "Vary": "Accept"}
        if preferred(request.headers.get("accept", ""), ("text/plain", PDF)) != PDF:
            return etag_response(request, ("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8", headers)
        return etag_response(request, await asyncio.to_thread(_slip_page, lines), PDF, headers)

    return routes


def _slip_page(lines: Sequence[str]) -> bytes:
    """Raises Problem."""
    # Imported only when needed: the import takes a tenth of a second, and the font 20 MB.
    from services.carrier.api.slip_pages import NoGlyph, slip_page

    try:
        return slip_page(lines)
    except NoGlyph:
        raise Problem(409, "a character of the slip is not in the font", detail="Ask for text/plain.") from None


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
