"""Receipts of customs that were set aside, are about no parcel that we know, and wait for a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response

from services.customs.destinations import DESTINATIONS
from services.customs.schemas.bodies import SetAsideReceiptsView, SetAsideReceiptView, SettledReceiptView
from shared.clock import Clock
from shared.db import DB
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route

Country = Annotated[str, Path(pattern=r"^[A-Z]{2}$", description="As the list of receipts has it.")]
ReceiptId = Annotated[int, Path(ge=1, le=2**63 - 1, description="As the list of receipts has it.")]


def router(
    require: Require, pool: asyncpg.Pool[asyncpg.Record], requests: IdempotentRequests, clock: Clock
) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["receipts"])

    @routes.get(
        "/set-aside-receipts",
        summary="List the receipts that wait for a person",
        response_model=SetAsideReceiptsView,
        openapi_extra=problems(),
    )
    async def list_set_aside_receipts(_: Principal = Depends(require("support"))) -> Response:
        """Receipts that answer no message of ours, each number once, or that cannot be read and have no number of ours:
        the oldest first, a hundred of each country at the most. They hold up no other receipt. An unreadable receipt
        with a number of ours is not listed: it is a case of its order."""
        async with pool.acquire() as db:
            receipts = [
                SetAsideReceiptView(country=country, **asdict(receipt))
                for country, destination in DESTINATIONS.items()
                for receipt in await destination.to_settle(db)
            ]
        return json_answer(SetAsideReceiptsView(receipts=tuple(receipts)))

    @routes.post(
        "/set-aside-receipts/{country}/{receipt_id}/resolution",
        summary="State that a receipt was looked into",
        response_model=SettledReceiptView,
        openapi_extra=described(IDEMPOTENT, problems(409, because={404: "No such receipt waits for a person."})),
    )
    async def settle_receipt(
        request: Request, country: Country, receipt_id: ReceiptId, who: Principal = Depends(require("operator"))
    ) -> Response:
        """Takes the receipt off the list. What customs sends again is read like any other receipt. Repeating the
        request changes nothing."""

        async def work(db: DB) -> Response:
            destination = DESTINATIONS.get(country)
            if destination is None or not await destination.settle(db, receipt_id, who.name, clock.now()):
                raise Problem(404, "no such receipt")
            return json_answer(SettledReceiptView(country=country, id=receipt_id, settled=True))

        return await requests.run(request, who, work)

    return routes
