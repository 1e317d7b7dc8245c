"""Putting an order on hold, and releasing it: for marketplaces, and for operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse

from contracts.base import order_stream
from contracts.orders import HANDLE_PATTERN
from services import cases
from services.orders.api.conflicts import conflicts_as_problems
from services.orders.api.lookup import visible_order
from services.orders.domain.document import hold_document
from services.orders.domain.holds import HoldReason, last_hold, open_holds, place, release
from services.orders.schemas.answers import OrderHoldView
from services.orders.schemas.body import HoldBody
from services.paths import OrderTextPath
from shared.clock import Clock
from shared.db import DB
from shared.http.api_keys import Principal, Require
from shared.http.openapi import problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.operations.why import Finding

Holder = Literal["marketplace", "operator"]
Handle = Annotated[
    str, Path(pattern=HANDLE_PATTERN, description="By which you tell your holds of this order apart, as `fraud`.")
]
Whose = Annotated[Holder | None, Query(description="For operators: whose hold it is; their own when left out.")]


def router(require: Require, ledger: Ledger, pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["orders"])
    marketplace = Depends(require("marketplace"))

    @routes.put(
        "/orders/{order_id}/holds/{handle}",
        summary="Put an order on hold",
        status_code=202,
        response_model=OrderHoldView,
        openapi_extra=problems(404, because={409: "It is packed, ending or ended, or has too many holds."}),
    )
    async def place_hold(
        order_id: OrderTextPath, handle: Handle, body: HoldBody, principal: Principal = marketplace
    ) -> Response:
        """Asks the warehouse not to pack the order until this hold is released; its answer shows in the order. While a
        hold is open no deadline of the order passes. Asked again: the same."""
        order = await visible_order(pool, order_id, principal)
        with conflicts_as_problems():
            return await ledger.run(
                lambda db: _place(ledger, db, order.order_id, _holder(principal), handle, body.reason, clock)
            )

    @routes.delete(
        "/orders/{order_id}/holds/{handle}",
        summary="Release a hold",
        response_model=OrderHoldView,
        openapi_extra=problems(404, because={409: "The order has ended."}),
    )
    async def release_hold(
        order_id: OrderTextPath, handle: Handle, holder: Whose = None, principal: Principal = marketplace
    ) -> Response:
        """Releases a hold; the order is packed once none is open. Asked again: the same."""
        order = await visible_order(pool, order_id, principal)
        whose = holder or _holder(principal)
        if whose != _holder(principal) and principal.scope != "operator":
            raise Problem(403, "this hold is not yours", detail="its holder or an operator releases it")
        with conflicts_as_problems():
            return await ledger.run(lambda db: _release(ledger, db, order.order_id, whose, handle, clock))

    return routes


def findings(service: str, facts: Facts) -> Sequence[Finding]:
    """What the order waits for by its facts alone: its open cases, and its open holds."""
    return [
        *cases.findings(service, facts),
        *(
            Finding(
                holder="hold",
                service=service,
                what=f"hold {hold.request.handle} of {hold.request.holder}",
                since=hold.request.occurred_at,
                reason=hold.request.reason,
                next=f"{service}: DELETE /orders/{facts.id}/holds/{hold.request.handle}?holder={hold.request.holder}",
            )
            for hold in open_holds(facts)
        ),
    ]


def _holder(principal: Principal) -> Holder:
    return "operator" if principal.scope == "operator" else "marketplace"


async def _place(
    ledger: Ledger, db: DB, order_id: UUID, holder: Holder, handle: str, reason: HoldReason, clock: Clock
) -> Response:
    facts = (await ledger.lock(db, [order_stream(order_id)]))[order_id]
    request = place(facts, holder, handle, reason, clock.now())
    if request not in facts:
        facts = (await ledger.publish(db, [request]))[order_id]
    return _answer(facts, holder, handle, 202)


async def _release(ledger: Ledger, db: DB, order_id: UUID, holder: Holder, handle: str, clock: Clock) -> Response:
    facts = (await ledger.lock(db, [order_stream(order_id)]))[order_id]
    try:
        released = release(facts, holder, handle, clock.now())
    except LookupError:
        raise Problem(404, "not found") from None
    if released is not None:
        facts = (await ledger.publish(db, [released]))[order_id]
    return _answer(facts, holder, handle, 200)


def _answer(facts: Facts, holder: Holder, handle: str, status: int) -> Response:
    hold = hold_document(last_hold(facts, holder, handle))
    return JSONResponse({"id": str(facts.id), "hold": hold}, status)
