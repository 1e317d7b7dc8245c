"""What the warehouse would decide on an order that nobody has placed, for `orders`."""

from __future__ import annotations

from datetime import date

import asyncpg
from fastapi import APIRouter, Depends, Response

from contracts.orders import OrderPlaced
from contracts.previews import PATH, ReservationAnswer, ReservationQuestion
from contracts.warehouse import StockRefused
from services.warehouse.domain.allocation import Claims, reservation
from services.warehouse.domain.dispatch import dispatch_date
from services.warehouse.domain.orders import ordered_units
from services.warehouse.store import stock
from shared.clock import Clock
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.openapi import problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import Facts


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], clock: Clock, dispatch_cut_off_hour: int) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["previews"])

    @routes.post(
        PATH,
        summary="Preview a reservation",
        response_model=ReservationAnswer,
        openapi_extra=problems(because={503: "It cannot be told yet: goods of earlier orders are being restored."}),
    )
    async def preview_reservation(
        question: ReservationQuestion, _: Principal = Depends(require("service", operators=False))
    ) -> Response:
        """Which fact the warehouse would publish if this order were placed and screened now. Nothing is reserved, and
        nothing of the question is kept."""
        order = question.order
        facts = Facts(order.stream, [order])
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            levels = await stock.read_stock(db, ordered_units(facts))
            claims = Claims.of(await stock.pending_restore(db))
        decision = reservation(facts, levels, claims, clock.now())
        if decision is None:
            raise Problem(503, "goods of earlier orders are being restored", headers={"Retry-After": "60"})
        if isinstance(decision, StockRefused):
            return json_answer(ReservationAnswer(refused=decision))
        return json_answer(
            ReservationAnswer(reserved=decision, dispatch_date=_dispatch_date(order, dispatch_cut_off_hour))
        )

    return routes


def _dispatch_date(order: OrderPlaced, cut_off_hour: int) -> date:
    try:
        return dispatch_date(order.occurred_at, cut_off_hour)
    except OverflowError:
        fault = Fault("order.occurred_at", "no_such_day", "Must lie within the calendar")
        raise Problem(422, "invalid request", errors=[fault]) from None
