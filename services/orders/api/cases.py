"""For operators: cases, their resolution, and the open orders in figures."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from contracts.base import order_stream
from contracts.cases import CaseClosed, CaseOpened
from services.open_cases import open_by_kind
from services.orders.api.lookup import visible_order
from services.orders.domain.cases import closed_by_a_person, freed_by
from services.orders.schemas.answers import CasesPage, ClosedCaseView, StandingView
from services.orders.schemas.body import ResolutionBody
from services.orders.schemas.views import case_view, paused_operation_view, standing_view
from services.orders.store import cases as cases_table
from services.orders.store import orders as orders_table
from services.orders.store import pauses as pauses_table
from services.paths import OrderTextPath
from shared.clock import Clock
from shared.db import DB
from shared.http import paging
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Instant, Limit, Text
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.ledger import Ledger

_CASES_KEY = TypeAdapter(tuple[Instant, UUID, Text])


def router(
    require: Require,
    requests: IdempotentRequests,
    ledger: Ledger,
    pool: asyncpg.Pool[asyncpg.Record],
    clock: Clock,
) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["cases"])
    support = Depends(require("support"))

    @routes.get("/standing", summary="The open orders in figures", response_model=StandingView)
    async def get_standing(_principal: Principal = support) -> Response:
        """The open orders in figures: how many in each state and since when, the one that has been longest in its
        state, the open cases by kind, and the operations that are paused."""
        now = clock.now()
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            states = await orders_table.open_by_state(db, now)
            kinds = await open_by_kind(db, now)
            longest = await orders_table.longest_in_state(db)
            paused = await pauses_table.lasting(db)
        return JSONResponse(standing_view(states, kinds, longest.document if longest else None, paused))

    @routes.get("/cases", summary="List what waits for a person", response_model=CasesPage, openapi_extra=PAGED)
    async def list_cases(
        request: Request,
        _principal: Principal = support,
        status: Annotated[Literal["open", "closed", "all"], Query(description="Which cases.")] = "open",
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
    ) -> Response:
        """Every order that waits for a person: why, since when, until when, and what frees it. The oldest first. And,
        on the first page, each operation that is paused for a fault of ours, whatever number of orders waits for it."""
        rows = await cases_table.page(pool, status=status, after=paging.after(cursor, _CASES_KEY), limit=limit + 1)
        shown, following = paging.cut(rows, limit, lambda case: (case["opened_at"], case["order_id"], case["name"]))
        views = [case_view(case) for case in shown]
        paused = await pauses_table.lasting(pool) if cursor is None and status != "closed" else []
        operations = [paused_operation_view(row) for row in paused]
        answer = {"operations": operations, "cases": views, "next": following}
        return JSONResponse(answer, headers=paging.link(request, following))

    @routes.post(
        "/orders/{order_id}/cases/{case}/resolution",
        summary="Close a case",
        response_model=ClosedCaseView,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "This case is closed by what its action names."})
        ),
    )
    async def resolve_case(
        order_id: OrderTextPath,
        case: Annotated[str, Path(description="The case's name.")],
        request: Request,
        body: ResolutionBody,
        principal: Principal = support,
    ) -> Response:
        """Closes a case that a person has looked into. Others are closed by what their action names: 409."""
        order = await visible_order(pool, order_id, principal)
        return await requests.run(
            request, principal, lambda db: _resolve(ledger, db, order.order_id, case, body.resolution, clock)
        )

    return routes


async def _resolve(ledger: Ledger, db: DB, order_id: UUID, name: str, resolution: str, clock: Clock) -> Response:
    facts = (await ledger.lock(db, [order_stream(order_id)]))[order_id]
    case = facts.get(CaseOpened, name)
    if case is None:
        raise Problem(404, "not found")
    closed = facts.get(CaseClosed, name)
    if closed is None:
        if not closed_by_a_person(case):
            by = freed_by(case.action, name, str(order_id), case.parcel)
            raise Problem(409, "the case is settled by its action", detail=f"{case.action}: {by}")
        closed = case.closed(clock.now(), resolution)
        await ledger.publish(db, [closed])
    return JSONResponse({"id": str(order_id), "case": name, "resolution": closed.resolution})
