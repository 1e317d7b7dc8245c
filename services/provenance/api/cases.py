"""Units that were flagged: what waits for a person, and the person's word."""

from __future__ import annotations

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import TypeAdapter, ValidationError

from contracts.base import unit_stream
from contracts.warehouse import UnitKey
from services.open_cases import OpenCasesOfKindView, open_by_kind
from services.provenance.domain.scans import cases_of, cleared
from services.provenance.schemas.units import CasesPage, CaseView, ClearBody, StandingView
from services.provenance.store import cases
from services.refusals.routes import RefusalRoute
from shared.clock import Clock
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Instant, Limit
from shared.http.problems import Problem
from shared.ledger.ledger import Ledger

_IN_CASES = TypeAdapter(tuple[Instant, str, str, int])


def router(
    require: Require, pool: asyncpg.Pool[asyncpg.Record], ledger: Ledger, clock: Clock, requests: IdempotentRequests
) -> APIRouter:
    routes = APIRouter(route_class=RefusalRoute, tags=["cases"])

    @routes.get("/standing", summary="The open cases in figures", response_model=StandingView)
    async def get_standing(_: Principal = Depends(require("support"))) -> Response:
        """How many cases of each kind are open, and how many of them are past their due date."""
        async with pool.acquire() as db:
            rows = await open_by_kind(db, clock.now())
        return json_answer(StandingView(cases=tuple(OpenCasesOfKindView(**row) for row in rows)))

    @routes.get("/cases", summary="List open cases", response_model=CasesPage, openapi_extra=PAGED)
    async def list_cases(
        request: Request, cursor: Cursor | None = None, limit: Limit = PAGE, _: Principal = Depends(require("support"))
    ) -> Response:
        """Flagged units, the oldest first."""
        async with pool.acquire() as db:
            rows = await cases.list_open(db, paging.after(cursor, _IN_CASES), limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.opened_at, row.gtin, row.serial, row.turn))
        views = tuple(CaseView.model_validate(row, from_attributes=True) for row in shown)
        return json_answer(CasesPage(cases=views, next=following), headers=paging.link(request, following))

    @routes.post(
        "/units/{gtin}/{serial:path}/clear",
        summary="Clear a unit",
        response_model=CasesPage,
        openapi_extra=described(
            IDEMPOTENT, problems(because={404: "There is no such unit.", 409: "No flag of it is open."})
        ),
    )
    async def clear_unit(
        request: Request,
        gtin: Annotated[str, Path(description="GTIN in 14 digits.")],
        serial: Annotated[str, Path(description="AI 21, percent-encoded.")],
        body: ClearBody,
        principal: Principal = Depends(require()),
    ) -> Response:
        """A person has looked at the unit: its open flags are none, and it may be packed again. Answered are the cases
        that this has closed."""
        try:
            unit = UnitKey(gtin=gtin, serial=serial)
        except ValidationError:
            raise Problem(404, "not found") from None

        async def work(db: DB) -> Response:
            stream = unit_stream(unit.gtin, unit.serial)
            facts = (await ledger.lock(db, {stream}))[stream.id]
            events = cleared(facts, unit, body.resolution, clock.now())
            after = (await ledger.publish(db, events))[stream.id]
            turns = [event.turn for event in events]
            await cases.decided(db, unit, turns, principal.name)
            views = [
                CaseView.model_validate(case, from_attributes=True) for case in cases_of(after) if case.turn in turns
            ]
            return json_answer(CasesPage(cases=tuple(views), next=None))

        return await requests.run(request, principal, work)

    return routes
