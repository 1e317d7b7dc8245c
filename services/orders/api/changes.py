"""Changing the consignee's phone or address: for marketplaces, and for operators."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from contracts.base import order_stream
from contracts.orders import OrderPlaced
from services.orders.api.conflicts import conflicts_as_problems
from services.orders.api.lookup import visible_order
from services.orders.domain.changes import change_refused, changed_parts, changes, latest_version, request_change
from services.orders.domain.divisions import ISO_CODES
from services.orders.domain.document import change_document
from services.orders.schemas.answers import OrderChangeView
from services.orders.schemas.body import ChangeBody
from services.orders.schemas.conversion import changed_contact
from services.orders.schemas.intake import check_change
from services.paths import OrderTextPath
from services.persons.facts import PersonRecorded
from services.persons.records import Persons
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.json_body import read_json
from shared.http.openapi import IDEMPOTENT, described, problems, request_body
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Changes:
    """Asks for changes, under the order's lock."""

    ledger: Ledger
    persons: Persons
    clock: Clock

    async def request(self, db: DB, order_id: UUID, body: ChangeBody, asked_by: str) -> Response:
        """Asks for the change; the same again is answered as before, until the order is packed. Raises Conflict,
        Problem 422."""
        facts = (await self.ledger.lock(db, [order_stream(order_id)]))[order_id]
        if refused := change_refused(facts):
            raise refused
        _require_same_province(facts, body)
        before = await self.persons.contact(db, order_id, latest_version(facts), "change", asked_by)
        if before is None:
            raise Problem(409, "the person's data is erased")
        after = changed_contact(before, body)
        if parts := changed_parts(before, after):
            change = request_change(facts, parts, self.clock.now())
            await self.persons.publish_change(db, order_id, change.version, after)
            recorded = PersonRecorded(order_id=order_id, occurred_at=change.occurred_at, version=change.version)
            facts = (await self.ledger.record(db, consumed=[recorded], published=[change]))[order_id]
        if not (requested := changes(facts)):
            # Returned, not raised, so that the transaction commits: it is recorded that the contact was read.
            return _invalid(Fault("consignee", "nothing_to_change", "Must differ from what the order has")).response()
        return JSONResponse({"id": str(order_id), "change": change_document(requested[-1])}, 202)


def _require_same_province(facts: Facts, body: ChangeBody) -> None:
    placed, address = facts.get(OrderPlaced), body.consignee.address
    if placed and address and ISO_CODES[address.province] != placed.province:
        rule = f"Must be {placed.province}, as in the order: for another, cancel it and order again"
        raise _invalid(Fault("consignee.address.province", "same_province", rule))


def _invalid(fault: Fault) -> Problem:
    return Problem(422, "the change has faults", errors=[fault])


def router(
    require: Require, requests: IdempotentRequests, pool: asyncpg.Pool[asyncpg.Record], order_changes: Changes
) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["orders"])

    @routes.post(
        "/orders/{order_id}/changes",
        summary="Change the consignee's phone or address",
        status_code=202,
        response_model=OrderChangeView,
        openapi_extra=described(
            IDEMPOTENT,
            request_body(ChangeBody),
            problems(404, because={409: "It is packed, ending or ended, or was changed too often."}),
        ),
    )
    async def change_order(
        order_id: OrderTextPath, request: Request, principal: Principal = Depends(require("marketplace"))
    ) -> Response:
        """Asks the warehouse to send the order to another phone or address within its province; its answer shows in the
        order. Asked again before it is packed: the same."""
        order = await visible_order(pool, order_id, principal)
        body = check_change(read_json(await request.body()))
        if isinstance(body, list):
            raise Problem(422, "the change has faults", errors=body)
        with conflicts_as_problems():
            return await requests.run(
                request, principal, lambda db: order_changes.request(db, order.order_id, body, principal.name)
            )

    return routes
