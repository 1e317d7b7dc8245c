"""Stand-ins for customs and the warehouse, as `orders` asks them about an order that nobody has placed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fastapi import FastAPI, Request, Response

from contracts.base import Money
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from contracts.previews import PATH, ReservationAnswer, ReservationQuestion, ScreeningAnswer, ScreeningQuestion
from contracts.warehouse import Shortage, StockRefused, StockReserved
from shared.http.answers import json_answer
from tests.support.http_server import serving

Answer = Callable[[bytes], Awaitable[Response]]


@dataclass
class StandIn:
    """One of them; it answers as it is told to."""

    usual: Answer
    answer: Answer
    url: str = ""
    questions: list[tuple[str, bytes]] = field(default_factory=list)
    """With which key, and what."""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post(PATH)
        async def answer(request: Request) -> Response:
            body = await request.body()
            self.questions.append((request.headers["authorization"], body))
            return await self.answer(body)

        return app


def order_of(body: bytes) -> OrderPlaced:
    return ReservationQuestion.model_validate_json(body).order


async def passed(body: bytes) -> Response:
    order = ScreeningQuestion.model_validate_json(body).order
    screened = OrderScreened(
        order_id=order.order_id,
        occurred_at=order.occurred_at,
        regime="cbec_9610",
        value_cny=Money(amount=Decimal("857.40"), currency="CNY"),
        rate=Decimal("8.3591"),
        rate_date=order.occurred_at.date(),
    )
    return json_answer(ScreeningAnswer(screened=screened))


def refusing(reason: str, sku: str | None = None) -> Answer:
    async def answer(body: bytes) -> Response:
        order = order_of(body)
        refused = OrderRefused(order_id=order.order_id, occurred_at=order.occurred_at, reason=reason, sku=sku)
        return json_answer(ScreeningAnswer(refused=refused))

    return answer


async def in_stock(body: bytes) -> Response:
    order = order_of(body)
    reserved = StockReserved(order_id=order.order_id, occurred_at=order.occurred_at)
    return json_answer(ReservationAnswer(reserved=reserved, dispatch_date=order.occurred_at.date()))


async def out_of_stock(body: bytes) -> Response:
    """One unit less of everything than is wanted."""
    order = order_of(body)
    shortages = tuple(Shortage(sku=line.sku, wanted=line.quantity, available=line.quantity - 1) for line in order.lines)
    refused = StockRefused(order_id=order.order_id, occurred_at=order.occurred_at, shortages=shortages)
    return json_answer(ReservationAnswer(refused=refused))


def answering(status: int, text: str = "", **headers: Any) -> Answer:
    async def answer(_: bytes) -> Response:
        return Response(text, status, headers, media_type="application/json")

    return answer


@dataclass
class Deciders:
    customs: StandIn = field(default_factory=lambda: StandIn(passed, passed))
    warehouse: StandIn = field(default_factory=lambda: StandIn(in_stock, in_stock))

    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def never(self, _: bytes) -> Response:
        """Silent until the test is over: else the server would wait for its answer."""
        await self.over.wait()
        return Response(status_code=503)

    def as_usual(self) -> None:
        for decider in (self.customs, self.warehouse):
            decider.answer = decider.usual
            decider.questions.clear()


@asynccontextmanager
async def deciders() -> AsyncIterator[Deciders]:
    """Both behind real HTTP."""
    both = Deciders()
    async with serving(both.customs.app()) as customs, serving(both.warehouse.app()) as warehouse:
        both.customs.url, both.warehouse.url = customs, warehouse
        try:
            yield both
        finally:
            both.over.set()
