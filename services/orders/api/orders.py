"""Reading orders and asking for their withdrawal, for marketplaces; erasing a person's record, for operators."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from contracts.base import Code, order_stream
from contracts.orders import CancelRequested, OrderClosed
from services.orders.api.conflicts import conflicts_as_problems
from services.orders.api.lookup import visible_order
from services.orders.domain.decide import ErasureRequested
from services.orders.domain.document import cancellation, person_state
from services.orders.domain.refusals import ended
from services.orders.domain.search import MAX_LENGTH, MIN_LENGTH, search_pattern
from services.orders.handlers import Erasure
from services.orders.schemas.answers import OrderCancellationView, OrdersPage, OrderView, PersonErasureView
from services.orders.schemas.views import TrackingLinks, order_view
from services.orders.store import erasures, search
from services.orders.store import orders as orders_table
from services.orders.store.orders import StoredOrder
from services.paths import OrderTextPath
from services.persons.facts import PersonErased
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http import paging
from shared.http.answers import etag_response
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import CONDITIONAL, IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Instant, Limit, Text
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger

_ORDERS_KEY = TypeAdapter(tuple[Instant, UUID])


def router(
    require: Require,
    requests: IdempotentRequests,
    ledger: Ledger,
    pool: asyncpg.Pool[asyncpg.Record],
    clock: Clock,
    links: TrackingLinks,
    erasure: Erasure,
) -> APIRouter:
    routes = APIRouter(route_class=Route)
    marketplace, reader = Depends(require("marketplace")), Depends(require("marketplace", "support"))
    operator = Depends(require("operator"))

    @routes.get(
        "/orders",
        summary="List or search orders",
        response_model=OrdersPage,
        tags=["orders"],
        openapi_extra=PAGED,
    )
    async def list_orders(
        request: Request,
        principal: Principal = reader,
        updated_since: Annotated[Instant | None, Query(description="Changed at this instant or later.")] = None,
        number: Annotated[Code | None, Query(description="The marketplace's own number of the order.")] = None,
        q: Annotated[
            Text | None, Query(max_length=MAX_LENGTH, description="Part of a number, or the beginning of an id.")
        ] = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
    ) -> Response:
        """Orders by the time of their last change, oldest first; `Link` leads to the next page. With `number`, the one
        of this number (an operator may find several: one a marketplace). With `q`, those whose number or tracking
        numbers contain these four or more characters, or whose id begins with them: the last changed first.

        A client that polls continues from the last `updated_at` less a minute: changes made at one time may appear in
        any order.
        """
        whose = None if principal.sees_all else principal.name
        if q is not None and (number is not None or updated_since is not None):
            error = Fault("q", "alone", "not together with number or updated_since")
            raise Problem(422, "invalid request", errors=[error])
        if number is not None:
            numbered = await orders_table.find_by_number(pool, number, marketplace=whose)
            return JSONResponse({"orders": [_view(order, links) for order in numbered], "next": None})
        after = paging.after(cursor, _ORDERS_KEY)
        if q is not None:
            rows = await _search(pool, q, whose, after, limit + 1)
        else:
            rows = await orders_table.page(
                pool, marketplace=whose, updated_since=updated_since, after=after, limit=limit + 1
            )
        shown, following = paging.cut(rows, limit, lambda order: (order.updated_at, order.order_id))
        views = [_view(order, links) for order in shown]
        return JSONResponse({"orders": views, "next": following}, headers=paging.link(request, following))

    @routes.get(
        "/orders/{order_id}",
        summary="Read an order",
        tags=["orders"],
        response_model=OrderView,
        openapi_extra=described(CONDITIONAL, problems(404)),
    )
    async def get_order(order_id: OrderTextPath, request: Request, principal: Principal = reader) -> Response:
        """One order with its status, its parcels, and what it waits for."""
        order = await visible_order(pool, order_id, principal)
        return etag_response(request, json.dumps(_view(order, links), ensure_ascii=False).encode())

    @routes.post(
        "/orders/{order_id}/cancel",
        summary="Ask to cancel an order",
        tags=["orders"],
        status_code=202,
        response_model=OrderCancellationView,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "The order has ended."})),
    )
    async def cancel_order(order_id: OrderTextPath, request: Request, principal: Principal = marketplace) -> Response:
        """Asks the warehouse to withdraw the order; its answer shows in the order. Asked again: the same."""
        order = await visible_order(pool, order_id, principal)
        reason = "operator" if principal.scope == "operator" else "shopper"
        with conflicts_as_problems():
            return await requests.run(request, principal, lambda db: _cancel(ledger, db, order.order_id, reason, clock))

    @routes.delete(
        "/orders/{order_id}/person",
        summary="Erase a person's data",
        response_model=PersonErasureView,
        responses={202: {"model": PersonErasureView, "description": "It is erased when the order has ended."}},
        tags=["persons"],
        openapi_extra=problems(404),
    )
    async def erase_person(order_id: OrderTextPath, principal: Principal = operator) -> Response:
        """Erases the person's record: now when the order has ended (200), else when it does (202)."""
        order = await visible_order(pool, order_id, principal)
        async with ledger.transaction() as db:
            return await _erase(erasure, db, order.order_id, principal.name)

    return routes


def _view(order: StoredOrder, links: TrackingLinks) -> dict[str, Any]:
    return order_view(order.document, order.updated_at, links.url(order.order_id))


async def _search(
    pool: asyncpg.Pool[asyncpg.Record],
    query: str,
    marketplace: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredOrder]:
    pattern = search_pattern(query)
    if pattern is None:
        rule = f"at least {MIN_LENGTH} characters besides blanks and dashes"
        raise Problem(422, "invalid request", errors=[Fault("q", "too_short", rule)])
    try:
        return await search.search(pool, pattern, marketplace=marketplace, before=before, limit=limit)
    except search.TooManyMatches:
        rule = f"more than {search.MAX_MATCHES:,} orders have this in common; name more of it"
        raise Problem(422, "invalid request", errors=[Fault("q", "too_many", rule)]) from None


async def _cancel(ledger: Ledger, db: DB, order_id: UUID, reason: str, clock: Clock) -> Response:
    facts = (await ledger.lock(db, [order_stream(order_id)]))[order_id]
    if CancelRequested not in facts:
        if refused := ended(facts):
            raise refused
        request = CancelRequested(order_id=order_id, occurred_at=clock.now(), reason=reason)
        facts = (await ledger.publish(db, [request]))[order_id]
    return JSONResponse({"id": str(order_id), "cancel": cancellation(facts)}, 202)


async def _erase(erasure: Erasure, db: DB, order_id: UUID, actor: str) -> Response:
    facts = (await erasure.ledger.lock(db, [order_stream(order_id)]))[order_id]
    now = erasure.clock.now()
    if PersonErased not in facts and ErasureRequested not in facts:
        await erasures.append(db, order_id, "requested", actor, now)
        if OrderClosed not in facts:
            request = ErasureRequested(order_id=order_id, occurred_at=now)
            facts = (await erasure.ledger.record(db, consumed=[request]))[order_id]
    if OrderClosed in facts:
        await erasure.erase(db, facts, actor)
    return JSONResponse({"id": str(order_id), "person": person_state(facts)}, 200 if PersonErased in facts else 202)
