"""The parts of a payment that a marketplace splits by the parcels of its order."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from contracts.orders import OrderPlaced
from services.customs.domain import payment_parts
from services.customs.domain.actions import NotPossible
from services.customs.domain.decide import InForce
from services.customs.schemas.payment_parts import PaymentPartsBody, PaymentPartsView
from services.customs.store import payment_parts as store
from services.paths import OrderPath
from shared.clock import Clock
from shared.db import DB
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger
from shared.sealing import Seal


def router(
    require: Require, ledger: Ledger, requests: IdempotentRequests, seal: Seal, clock: Clock, in_force: InForce
) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["parcels"])

    @routes.put(
        "/orders/{order_id}/payment-parts",
        summary="State the parts of a split payment",
        response_model=PaymentPartsView,
        openapi_extra=problems(
            404, because={409: "The order is not packed, has ended, was handed over, or its payment is not split."}
        ),
    )
    async def state_payment_parts(
        request: Request,
        order_id: OrderPath,
        body: PaymentPartsBody,
        who: Principal = Depends(require("marketplace", operators=False)),
    ) -> Response:
        """One part for each parcel, under the payment firm's own number of it: with these the sub-orders are declared.
        Until the first parcel is handed over they can be stated anew. Of a box that is replaced the new one has to be
        stated too. Left out, each sub-order is declared under the number of the whole payment."""
        stream = order_stream(order_id)

        async def work(db: DB) -> Response:
            placed = (await ledger.read(db, [stream]))[order_id].get(OrderPlaced)
            if placed is None or placed.marketplace != who.name:
                raise Problem(404, "no such order here")
            facts, parts = (await ledger.lock(db, [stream]))[order_id], body.as_parts()
            try:
                broken = payment_parts.faults(facts, parts, in_force())
            except NotPossible as fault:
                raise Problem(409, str(fault), detail=fault.detail) from None
            if broken:
                raise Problem(422, "invalid request", errors=broken)
            sealed = {
                part.parcel: seal.seal(part.transaction_id.encode(), store.sealing_place(order_id, part.parcel))
                for part in parts
            }
            await store.save(db, order_id, sealed, who.name, clock.now())
            return json_answer(PaymentPartsView(order_id=order_id, parcels=tuple(sorted(sealed))))

        return await requests.run(request, who, work)

    return routes
