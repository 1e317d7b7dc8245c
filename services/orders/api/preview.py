"""POST /orders/preview: what would become of an order, decided by the same code, without placing it."""

from __future__ import annotations

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from contracts.orders import OrderPlaced
from services.orders.api.intake import NUMBER_TAKEN, same_body
from services.orders.domain.decide import order_id_of
from services.orders.domain.previews import preview
from services.orders.domain.routing import Routing
from services.orders.jobs.previews import Deciders
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import contact, fingerprint, national_id, order_placed
from services.orders.schemas.intake import check
from services.orders.schemas.previews import OrderPreviewView, faulty_view, preview_view
from services.orders.store.orders import fingerprints
from services.persons.records import Persons
from shared.clock import Clock
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.json_body import read_json
from shared.http.openapi import request_body
from shared.http.routes import Route
from shared.ledger.ledger import Ledger
from shared.sealing import Seal


class Previews:
    """Answers what would become of an order, and writes nothing."""

    def __init__(
        self,
        ledger: Ledger,
        pool: asyncpg.Pool[asyncpg.Record],
        seal: Seal,
        persons: Persons,
        deciders: Deciders,
        clock: Clock,
        routing: Routing,
    ) -> None:
        self._ledger = ledger
        self._pool = pool
        self._seal = seal
        self._persons = persons
        self._deciders = deciders
        self._clock = clock
        self._routing = routing

    async def answer(self, marketplace: str, submitted: object) -> OrderPreviewView:
        """Of a body as it came."""
        now = self._clock.now()
        body = check(submitted, now)
        if isinstance(body, list):
            return faulty_view(body)
        carrier = self._routing.carrier(body.consignee.address.country, marketplace)
        order = order_placed(order_id_of(marketplace, body.number), marketplace, body, now, carrier)
        person = self._persons.sealed(order.order_id, contact(body), national_id(body))
        faults = await self._number_faults(order, body)
        screening, reservation = await self._deciders.ask(order, person.national_id)
        return preview_view(order, preview(order, faults, screening, reservation))

    async def _number_faults(self, order: OrderPlaced, body: OrderBody) -> list[Fault]:
        """Whether the number is that of an order with another body; as `Intake.place` judges it."""
        async with self._pool.acquire() as db:
            facts = (await self._ledger.read(db, [order_stream(order.order_id)]))[order.order_id]
            if OrderPlaced not in facts:
                return []
            accepted = await fingerprints(db, [order.order_id], self._seal)
        return [] if same_body(accepted.get(order.order_id), fingerprint(body)) else [NUMBER_TAKEN]


def router(require: Require, previews: Previews) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["orders"])
    marketplace = Depends(require("marketplace", operators=False))

    @routes.post(
        "/orders/preview",
        summary="Preview an order",
        response_model=OrderPreviewView,
        openapi_extra=request_body(OrderBody),
    )
    async def preview_order(request: Request, principal: Principal = marketplace) -> Response:
        """What would become of this order if it were placed now: accepted or every fault, its lane, tax, stock and the
        day on which it would leave. It is decided by the same rules as the order, and nothing is placed, reserved or
        kept; what was there can be gone when the order comes. The body is that of `POST /orders`.
        """
        return json_answer(await previews.answer(principal.name, read_json(await request.body())))

    return routes
