"""The HTTP interface of `orders`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from contracts.base import Code
from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import CancelRequested, OrderClosed
from services.orders import store
from services.orders.api.placing import Wanted, intake, tracking_url
from services.orders.domain import search
from services.orders.domain.cases import closed_by_a_person, freed_by
from services.orders.domain.decide import ErasureRequested
from services.orders.domain.document import cancellation, person_state
from services.orders.domain.search import LONGEST
from services.orders.jobs import erase
from services.orders.schemas.answers import (
    ORDER_REQUEST,
    AcceptedView,
    CancelAnswer,
    CasesPage,
    OrdersPage,
    OrderView,
    PersonAnswer,
    ResolutionAnswer,
    StandingView,
    answers,
)
from services.orders.schemas.intake import check
from services.orders.schemas.views import listed_case, standing
from shared.db import DB
from shared.http import paging
from shared.http.answers import etag_response, uuid_or_404
from shared.http.api_keys import Principal
from shared.http.json_body import read_json
from shared.http.paging import PAGE, Cursor, Instant, Limit, Text
from shared.http.problems import FieldError, Problem
from shared.http.routes import Route
from shared.ledger.facts import PersonErased
from shared.platform import Platform
from shared.telemetry import current_traceparent

_IN_ORDERS = TypeAdapter(tuple[Instant, UUID])
_IN_CASES = TypeAdapter(tuple[Instant, UUID, Text])


def router(platform: Platform) -> APIRouter:
    """Intake and reading for marketplaces; cases and erasure for operators."""
    routes = APIRouter(route_class=Route)
    marketplace = Depends(platform.require("marketplace"))
    operator = Depends(platform.require("operator"))
    taking_in = intake(platform)

    @routes.post(
        "/orders",
        status_code=201,
        openapi_extra=ORDER_REQUEST,
        responses=answers(AcceptedView, 200, 201, problems=(400, 409, 413, 422)),
    )
    async def post_order(request: Request, principal: Principal = marketplace) -> Response:
        """Takes an order in: 201, or 200 when the same order is here already, or every fault of the body at once."""
        order = check(read_json(await request.body()), platform.clock.now())
        if isinstance(order, list):
            raise Problem(422, "the order has faults", errors=order)
        asked = await platform.requests.read(request, principal)
        answer = await taking_in.answer(Wanted(asked, principal.name, order, current_traceparent()))
        if isinstance(answer, Problem):
            raise answer
        return answer

    @routes.get("/orders", responses=answers(OrdersPage, 200, problems=(400, 422)))
    async def get_orders(
        request: Request,
        principal: Principal = marketplace,
        updated_since: Instant | None = None,
        number: Code | None = None,
        q: Annotated[Text, Query(max_length=LONGEST)] | None = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
    ) -> Response:
        """Orders by the time of their last change, oldest first; `Link` leads to the next page. With `number`, the one
        of this number (an operator may find several: one a marketplace). With `q`, those whose number or tracking
        numbers hold these four or more characters, or whose id begins with them: the last changed first.

        Who polls goes on from the last `updated_at` less a minute: changes made at one time may appear in any order.
        """
        whose = None if principal.scope == "operator" else principal.name
        if q is not None and (number is not None or updated_since is not None):
            error = FieldError("q", "alone", "not together with number or updated_since")
            raise Problem(422, "invalid request", errors=[error])
        if number is not None:
            found = await store.numbered(platform.pool, number, marketplace=whose)
            return JSONResponse({"orders": [_representation(platform, row) for row in found], "next": None})
        place = paging.after(cursor, _IN_ORDERS)
        if q is not None:
            rows = await _found(platform, q, whose, place, limit + 1)
        else:
            rows = await store.page(
                platform.pool, marketplace=whose, updated_since=updated_since, after=place, limit=limit + 1
            )
        shown, following = paging.cut(rows, limit, lambda row: (row.updated_at, row.order_id))
        orders = [_representation(platform, row) for row in shown]
        return JSONResponse({"orders": orders, "next": following}, headers=paging.link(request, following))

    @routes.get("/orders/{order_id}", responses=answers(OrderView, 200, problems=(404,)))
    async def get_order(order_id: str, request: Request, principal: Principal = marketplace) -> Response:
        """One order, with where it stands, its parcels, and what it waits for."""
        row = await _visible(platform, order_id, principal)
        return etag_response(request, json.dumps(_representation(platform, row), ensure_ascii=False).encode())

    @routes.post(
        "/orders/{order_id}/cancel", status_code=202, responses=answers(CancelAnswer, 202, problems=(404, 409))
    )
    async def post_cancel(order_id: str, request: Request, principal: Principal = marketplace) -> Response:
        """Asks the warehouse to withdraw the order; its answer shows in the order. Asked again: the same."""
        row = await _visible(platform, order_id, principal)
        reason = "operator" if principal.scope == "operator" else "shopper"
        return await platform.requests.run(request, principal, lambda db: _cancel(platform, db, row.order_id, reason))

    @routes.get("/standing", responses=answers(StandingView, 200))
    async def get_standing(_principal: Principal = operator) -> Response:
        """How the orders under way stand: how many in each state and since when, the one that has stood longest, and
        the open cases by kind."""
        now = platform.clock.now()
        async with platform.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            states = [dict(row) for row in await store.standing(db, now)]
            kinds = [dict(row) for row in await store.cases_open(db, now)]
            oldest = await store.longest_standing(db)
        return JSONResponse(standing(states, kinds, oldest.document if oldest else None))

    @routes.get("/cases", responses=answers(CasesPage, 200, problems=(400, 422)))
    async def get_cases(
        request: Request,
        _principal: Principal = operator,
        status: Literal["open", "closed", "all"] = "open",
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
    ) -> Response:
        """Every order that waits for a person: why, since when, until when, and what frees it. The oldest first."""
        rows = await store.cases(platform.pool, status=status, after=paging.after(cursor, _IN_CASES), limit=limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row["opened_at"], row["order_id"], row["name"]))
        cases = [listed_case(dict(row)) for row in shown]
        return JSONResponse({"cases": cases, "next": following}, headers=paging.link(request, following))

    @routes.post(
        "/orders/{order_id}/cases/{case}/resolution",
        responses=answers(ResolutionAnswer, 200, problems=(404, 409, 422)),
    )
    async def post_resolution(
        order_id: str,
        case: str,
        request: Request,
        resolution: Annotated[Code, Body(embed=True)],
        principal: Principal = operator,
    ) -> Response:
        """Closes a case that a person has looked into. Others' cases are freed by the action that they name: 409."""
        row = await _visible(platform, order_id, principal)
        return await platform.requests.run(
            request, principal, lambda db: _resolve(platform, db, row.order_id, case, resolution)
        )

    @routes.delete("/orders/{order_id}/person", responses=answers(PersonAnswer, 200, 202, problems=(404,)))
    async def delete_person(order_id: str, principal: Principal = operator) -> Response:
        """Erases the person's record: now when the order has ended (200), else when it does (202)."""
        row = await _visible(platform, order_id, principal)
        async with platform.ledger.transaction() as db:
            return await _erase(platform, db, row.order_id, principal.name)

    return routes


async def _cancel(platform: Platform, db: DB, order_id: UUID, reason: str) -> Response:
    facts = (await platform.ledger.lock(db, [order_id]))[order_id]
    if CancelRequested not in facts:
        if closed := facts.get(OrderClosed):
            raise Problem(409, "the order has ended", detail=f"it is {closed.outcome}")
        asked = CancelRequested(order_id=order_id, occurred_at=platform.clock.now(), reason=reason)
        facts = (await platform.ledger.publish(db, [asked]))[order_id]
    return JSONResponse({"id": str(order_id), "cancel": cancellation(facts)}, 202)


async def _resolve(platform: Platform, db: DB, order_id: UUID, name: str, resolution: str) -> Response:
    facts = (await platform.ledger.lock(db, [order_id]))[order_id]
    case = facts.get(CaseOpened, name)
    if case is None:
        raise Problem(404, "not found")
    closed = facts.get(CaseClosed, name)
    if closed is None:
        if not closed_by_a_person(case):
            by = freed_by(case.action, name, str(order_id), case.parcel)
            raise Problem(409, "this case is closed by what frees it", detail=f"{case.action}: {by}")
        closed = case.closed(platform.clock.now(), resolution)
        await platform.ledger.publish(db, [closed])
    return JSONResponse({"id": str(order_id), "case": name, "resolution": closed.resolution})


async def _erase(platform: Platform, db: DB, order_id: UUID, by: str) -> Response:
    facts = (await platform.ledger.lock(db, [order_id]))[order_id]
    now = platform.clock.now()
    if PersonErased not in facts and ErasureRequested not in facts:
        await store.note_erasure(db, order_id, "asked", by, now)
        if OrderClosed not in facts:
            asked = ErasureRequested(order_id=order_id, occurred_at=now)
            facts = (await platform.ledger.record(db, consumed=[asked]))[order_id]
    if OrderClosed in facts:
        await erase(platform, db, facts, by)
    return JSONResponse({"id": str(order_id), "person": person_state(facts)}, 200 if PersonErased in facts else 202)


async def _found(
    platform: Platform, q: str, marketplace: str | None, place: tuple[datetime, UUID] | None, limit: int
) -> list[store.Stored]:
    part = search.part(q)
    if part is None:
        rule = f"at least {search.SHORTEST} characters besides blanks and dashes"
        raise Problem(422, "invalid request", errors=[FieldError("q", "too_short", rule)])
    try:
        return await store.found(platform.pool, part, marketplace=marketplace, before=place, limit=limit)
    except store.TooMany:
        rule = f"more than {store.SOUGHT_AT_MOST:,} orders have this in common; name more of it"
        raise Problem(422, "invalid request", errors=[FieldError("q", "too_many", rule)]) from None


async def _visible(platform: Platform, order_id: str, principal: Principal) -> store.Stored:
    """The order, if this principal may know that it exists; else 404, as for an unknown one."""
    row = await store.find(platform.pool, uuid_or_404(order_id))
    if row is None or (principal.scope != "operator" and row.marketplace != principal.name):
        raise Problem(404, "not found")
    return row


def _representation(platform: Platform, row: store.Stored) -> dict[str, Any]:
    return row.document | {
        "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
        "tracking_url": tracking_url(platform, row.order_id),
    }
