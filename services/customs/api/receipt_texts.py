"""What an authority has said of a parcel in its own words: for the operator who works on a refusal or a hold."""

from __future__ import annotations

import asyncpg
from fastapi import APIRouter, Depends, Response

from contracts.base import order_stream
from services.customs.destinations import DESTINATIONS
from services.customs.destinations.destination import ReceiptText
from services.customs.schemas import views
from services.customs.schemas.bodies import ReceiptTextsView
from services.paths import OrderPath, ParcelPath
from services.persons import reads
from services.persons.facts import PersonErased
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger
from shared.sealing import Seal


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, seal: Seal) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["receipts"])

    def opened(receipt: ReceiptText) -> str:
        return seal.open(receipt.text, receipt.place).decode() if receipt.text else ""

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/receipt-texts",
        summary="Read what customs has said of a parcel",
        response_model=ReceiptTextsView,
        openapi_extra=problems(
            because={404: "No receipt of this parcel has come.", 410: "The person's record was erased."}
        ),
    )
    async def list_receipt_texts(
        order_id: OrderPath, parcel: ParcelPath, who: Principal = Depends(require("operator"))
    ) -> Response:
        """Every receipt of the parcel with the office's own words, such as the reason of a refusal; one that was given
        at once and polled later stands once. No case, event or log has the words. Each reading is recorded: the words
        may name the person."""
        async with pool.acquire() as db, db.transaction():
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            if PersonErased in facts:
                raise Problem(410, "the person's record was erased")
            receipts = [
                receipt
                for destination in DESTINATIONS.values()
                for receipt in await destination.receipt_texts(db, order_id, parcel)
            ]
            if not receipts:
                raise Problem(404, "no receipt of this parcel has come")
            await reads.record(db, [order_id], "receipts", f"parcel {parcel}", who.name)
        texts = views.receipt_texts([(receipt, opened(receipt)) for receipt in receipts])
        return json_answer(ReceiptTextsView(receipts=texts))

    return routes
