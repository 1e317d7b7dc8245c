"""HTTP: what customs knows of an order, the agent's notices, and what an operator does about a hold."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import TypeAdapter

from contracts.base import ParcelNumber, order_stream
from contracts.customs import ImportCleared, OrderScreened, ParcelUplifted
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.customs import store
from services.customs.domain import cases, decide
from services.customs.domain.decide import Policy
from services.customs.jobs import work
from services.customs.schemas import views
from services.customs.schemas.bodies import (
    Accepted,
    HoldAnswerBody,
    OrderView,
    ParcelPage,
    ParcelState,
    ParcelView,
    RetryBody,
    UpliftBody,
)
from shared.clock import Clock
from shared.db import DB
from shared.http import paging
from shared.http.answers import etag_response, json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger import job_queue
from shared.ledger.facts import DecisionContext, Facts, Job
from shared.ledger.ledger import Ledger
from shared.sealing import Seal

ParcelPath = Annotated[ParcelNumber, Path()]

_IN_PARCELS = TypeAdapter(tuple[UUID, ParcelNumber])


def router(
    require: Require,
    requests: IdempotentRequests,
    pool: asyncpg.Pool[asyncpg.Record],
    ledger: Ledger,
    clock: Clock,
    seal: Seal,
    policy: Policy,
) -> APIRouter:
    key = require("operator")
    routes = APIRouter(route_class=Route, tags=["customs"])

    @routes.get("/orders/{order_id}", response_model=OrderView)
    async def get_order(request: Request, order_id: UUID, _: Principal = Depends(key)) -> Response:
        """Screening, and for each parcel the declarations, messages and receipts, without their bodies."""
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            papers = views.Papers(
                await store.messages_of(db, order_id),
                await store.receipts_of(db, order_id),
                await store.declarations_of(db, order_id),
            )
        if not len(facts):
            raise Problem(404, "no such order here")
        return etag_response(request, views.order(facts, papers).model_dump_json().encode())

    @routes.get("/parcels", response_model=ParcelPage)
    async def get_parcels(
        request: Request,
        state: ParcelState | None = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Parcels and where they stand with customs, by order."""
        async with pool.acquire() as db:
            rows = await store.list_parcels(db, state, paging.after(cursor, _IN_PARCELS), limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row["order_id"], row["parcel"]))
        page = ParcelPage(parcels=tuple(ParcelView.model_validate(dict(row)) for row in shown), next=following)
        headers = paging.link(request, following)
        return etag_response(request, page.model_dump_json().encode(), headers=headers)

    @routes.post("/orders/{order_id}/parcels/{parcel}/uplift", response_model=Accepted)
    async def post_uplift(
        request: Request, order_id: UUID, parcel: ParcelPath, body: UpliftBody, principal: Principal = Depends(key)
    ) -> Response:
        """The agent's notice under which bill and voyage the parcel flies. The first one counts, and only while the
        inventory, which names the bill, has not left.
        """

        async def note(db: DB) -> Response:
            facts = await _parcel(ledger, db, order_id, parcel)
            handed_over = facts.get(ParcelHandedOver, parcel)
            if handed_over is None:
                raise Problem(409, "the parcel was not handed over")
            uplifted = ParcelUplifted(
                order_id=order_id,
                occurred_at=clock.now(),
                parcel=parcel,
                bill_number=body.bill_number,
                voyage_number=body.voyage_number,
            )
            known = facts.get(ParcelUplifted, parcel)
            if known is None:
                await store.lock_parcel(db, order_id, parcel)
                declared = await store.message(db, order_id, parcel, "CEB621")
                if declared is not None and body.bill_number != handed_over.tracking_number:
                    raise Problem(
                        409, "the inventory has left already", detail="it names the parcel's own number as bill"
                    )
                await ledger.publish(db, [uplifted])
            elif (known.bill_number, known.voyage_number) != (body.bill_number, body.voyage_number):
                raise Problem(409, "another notice was taken before", detail="the parcel flies under another bill")
            return json_answer(Accepted(order_id=order_id, parcel=parcel))

        return await requests.run(request, principal, note)

    @routes.post("/orders/{order_id}/parcels/{parcel}/hold-answer", status_code=202, response_model=Accepted)
    async def post_hold_answer(
        request: Request, order_id: UUID, parcel: ParcelPath, body: HoldAnswerBody, principal: Principal = Depends(key)
    ) -> Response:
        """Answers customs about a parcel it holds. One answer a hold; it is sent on, and the case stays open until
        customs has decided.
        """

        async def answer(db: DB) -> Response:
            facts = await _parcel(ledger, db, order_id, parcel)
            held = cases.open_hold(facts, parcel)
            if held is None:
                raise Problem(409, "customs does not hold this parcel")
            sealed = seal.seal(body.answer.encode(), work.answer_place(order_id, held.subject))
            now = clock.now()
            if not await store.add_answer(db, order_id, held.subject, sealed, principal.name, now):
                raise Problem(409, "this hold was answered already")
            await _owe(db, decide.HOLD_ANSWER, order_id, held.subject)
            return json_answer(Accepted(order_id=order_id, parcel=parcel), 202)

        return await requests.run(request, principal, answer)

    @routes.post("/orders/{order_id}/parcels/{parcel}/return-approval", status_code=202, response_model=Accepted)
    async def post_return(
        request: Request, order_id: UUID, parcel: ParcelPath, principal: Principal = Depends(key)
    ) -> Response:
        """Asks customs to approve the return of a released parcel (CEB625), which gives the buyer's quota back."""

        async def ask(db: DB) -> Response:
            facts = await _parcel(ledger, db, order_id, parcel)
            cleared, screened = facts.get(ImportCleared, parcel), facts.get(OrderScreened)
            if cleared is None or screened is None:
                raise Problem(409, "customs has not released this parcel")
            until = policy.imports[screened.regime].returnable_until(cleared.occurred_at)
            if until is not None and clock.now() > until:
                raise Problem(
                    409, "a return cannot be asked for any more", detail=f"it could be until {until:%Y-%m-%dT%H:%MZ}"
                )
            await _owe(db, decide.RETURN, order_id, str(parcel))
            return json_answer(Accepted(order_id=order_id, parcel=parcel), 202)

        return await requests.run(request, principal, ask)

    @routes.post("/orders/{order_id}/parcels/{parcel}/retry", status_code=202, response_model=Accepted)
    async def post_retry(
        request: Request, order_id: UUID, parcel: ParcelPath, body: RetryBody, principal: Principal = Depends(key)
    ) -> Response:
        """Frees a case `needs_attention`: the work is done again from what is known now. If it fails again, that is a
        new case.
        """

        async def again(db: DB) -> Response:
            facts = await _parcel(ledger, db, order_id, parcel)
            held = cases.open_hold(facts, parcel)
            subject = held.subject if body.work == decide.HOLD_ANSWER and held else str(parcel)
            freed = cases.retried(facts, body.work, subject, DecisionContext(clock.now()))
            next_round = cases.attention_round(facts, body.work, subject) + len(freed)
            if not await work.do_again(db, body.work, order_id, subject, next_round):
                raise Problem(409, "there is no such work to do again")
            await ledger.publish(db, freed)
            return json_answer(Accepted(order_id=order_id, parcel=parcel), 202)

        return await requests.run(request, principal, again)

    return routes


async def _parcel(ledger: Ledger, db: DB, order_id: UUID, parcel: int) -> Facts:
    """The facts of an order that has this parcel, locked; Problem 404."""
    known = (await ledger.read(db, [order_stream(order_id)]))[order_id]
    packed = known.get(OrderPacked)
    if packed is None or all(box.parcel != parcel for box in packed.parcels):
        raise Problem(404, "no such parcel here")
    return (await ledger.lock(db, [order_stream(order_id)]))[order_id]


async def _owe(db: DB, kind: str, order_id: UUID, subject: str) -> None:
    await job_queue.enqueue(db, [Job(kind, order_stream(order_id), subject)], {kind: work.IMPORT_GATEWAY})
