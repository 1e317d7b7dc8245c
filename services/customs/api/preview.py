"""What customs would decide on an order that nobody has placed: asked by `orders`."""

from __future__ import annotations

from decimal import Decimal

import asyncpg
from fastapi import APIRouter, Depends, Response

from contracts.customs import OrderScreened
from contracts.orders import OrderPlaced
from contracts.previews import PATH, ScreeningAnswer, ScreeningQuestion
from services.customs.domain.amounts import of_order
from services.customs.handlers import Handler
from services.customs.regimes.rows import NoRule
from shared.clock import Clock
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import DecisionContext
from shared.sealing import Unsealable

MAX_AMOUNT = Decimal(10_000_000_000)
"""Of any sum of an order: far above what `orders` takes, and an amount in yuan still has room in an event."""


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], clock: Clock, handler: Handler) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["previews"])

    @routes.post(PATH, summary="Preview a screening", response_model=ScreeningAnswer)
    async def preview_screening(
        question: ScreeningQuestion, _: Principal = Depends(require("service", operators=False))
    ) -> Response:
        """Which fact customs would publish if this order were placed now. Nothing is taken of the buyer's year, and
        nothing of the question is kept; a reading of the buyer's identity is recorded in the marketplace's name."""
        _check_amounts(question.order)
        context = DecisionContext(clock.now())
        try:
            async with pool.acquire() as db, db.transaction():
                verdict = await handler.preview(db, question.order, question.national_id, context)
        except (NoRule, OverflowError):
            raise _invalid("order.occurred_at", "no_rule", "Must be a time for which the rules are known") from None
        except Unsealable:
            raise _invalid("national_id", "sealed", "Must be sealed for this order by a key that is known") from None
        if isinstance(verdict, OrderScreened):
            return json_answer(ScreeningAnswer(screened=verdict))
        return json_answer(ScreeningAnswer(refused=verdict))

    return routes


def _check_amounts(order: OrderPlaced) -> None:
    sums = of_order(order)
    if max(sums.goods, sums.freight, sums.insurance, sums.discount, sums.tax) > MAX_AMOUNT:
        raise _invalid("order", "amount_too_large", f"Must have no sum above {MAX_AMOUNT:,}")


def _invalid(field: str, rule: str, message: str) -> Problem:
    return Problem(422, "invalid request", errors=[Fault(field, rule, message)])
