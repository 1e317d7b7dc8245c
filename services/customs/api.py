"""HTTP: what customs knows of an order, the agent's notices, and what an operator does about a hold."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from contracts.base import ParcelNumber
from contracts.customs import ImportCleared, ParcelUplifted
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.customs import cases, domain, store, views, work
from services.customs.bodies import (
    PAGE,
    Accepted,
    HoldAnswerBody,
    OrderView,
    ParcelPage,
    ParcelState,
    ParcelView,
    RetryBody,
    UpliftBody,
)
from shared import jobs
from shared.db import DB
from shared.facts import Facts, Job, Moment
from shared.http import Principal, decode_cursor, encode_cursor, etag_response, idempotently
from shared.problems import FieldError, Problem
from shared.service import Platform

ParcelPath = Annotated[ParcelNumber, Path()]
Limit = Annotated[int, Query(ge=1, le=PAGE)]
Cursor = Annotated[str | None, Query(max_length=500)]


def router(platform: Platform) -> APIRouter:
    key = platform.require("operator")
    routes = APIRouter(tags=["customs"])

    @routes.get("/orders/{order_id}", response_model=OrderView)
    async def get_order(request: Request, order_id: UUID, _: Principal = Depends(key)) -> Response:
        """Screening, and for each parcel the declarations, messages and receipts, without their bodies."""
        async with platform.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            facts = (await platform.ledger.read(db, [order_id]))[order_id]
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
        cursor: Cursor = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Parcels and where they stand with customs, by order."""
        after = _place(decode_cursor(cursor, 2)) if cursor else None
        async with platform.pool.acquire() as db:
            rows = await store.list_parcels(db, state, after, limit + 1)
        last = rows[limit - 1] if rows[limit:] else None
        more = encode_cursor(str(last["order_id"]), str(last["parcel"])) if last else None
        page = ParcelPage(parcels=tuple(ParcelView.model_validate(dict(row)) for row in rows[:limit]), next=more)
        address = request.url.include_query_params(cursor=more) if more else None
        headers = {"Link": f'<{address.path}?{address.query}>; rel="next"'} if address else None
        return etag_response(request, page.model_dump_json().encode(), headers=headers)

    @routes.post("/orders/{order_id}/parcels/{parcel}/uplift", response_model=Accepted)
    async def post_uplift(
        request: Request, order_id: UUID, parcel: ParcelPath, body: UpliftBody, principal: Principal = Depends(key)
    ) -> Response:
        """The agent's notice under which bill and voyage the parcel flies. The first one counts, and only while the
        inventory, which names the bill, has not left.
        """

        async def note(db: DB) -> Response:
            facts = await _parcel(platform, db, order_id, parcel)
            handed_over = facts.get(ParcelHandedOver, parcel)
            if handed_over is None:
                raise Problem(409, "the parcel was not handed over")
            uplifted = ParcelUplifted(
                order_id=order_id,
                occurred_at=platform.clock.now(),
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
                await platform.ledger.say(db, [uplifted])
            elif (known.bill_number, known.voyage_number) != (body.bill_number, body.voyage_number):
                raise Problem(409, "another notice was taken before", detail="the parcel flies under another bill")
            return _answer(Accepted(order_id=order_id, parcel=parcel))

        return await idempotently(platform, request, principal, note)

    @routes.post("/orders/{order_id}/parcels/{parcel}/hold-answer", status_code=202, response_model=Accepted)
    async def post_hold_answer(
        request: Request, order_id: UUID, parcel: ParcelPath, body: HoldAnswerBody, principal: Principal = Depends(key)
    ) -> Response:
        """Answers customs about a parcel it holds. One answer a hold; it is sent on, and the case stays open until
        customs has decided.
        """

        async def answer(db: DB) -> Response:
            facts = await _parcel(platform, db, order_id, parcel)
            held = cases.open_hold(facts, parcel)
            if held is None:
                raise Problem(409, "customs does not hold this parcel")
            sealed = platform.seal.seal(body.answer.encode(), work.answer_place(order_id, held.subject))
            now = platform.clock.now()
            if not await store.add_answer(db, order_id, held.subject, sealed, principal.name, now):
                raise Problem(409, "this hold was answered already")
            await _owe(db, domain.HOLD_ANSWER, order_id, held.subject)
            return _answer(Accepted(order_id=order_id, parcel=parcel), 202)

        return await idempotently(platform, request, principal, answer)

    @routes.post("/orders/{order_id}/parcels/{parcel}/return-approval", status_code=202, response_model=Accepted)
    async def post_return(
        request: Request, order_id: UUID, parcel: ParcelPath, principal: Principal = Depends(key)
    ) -> Response:
        """Asks customs to approve the return of a released parcel (CEB625), which gives the buyer's quota back."""

        async def ask(db: DB) -> Response:
            facts = await _parcel(platform, db, order_id, parcel)
            if facts.get(ImportCleared, parcel) is None:
                raise Problem(409, "customs has not released this parcel")
            await _owe(db, domain.RETURN, order_id, str(parcel))
            return _answer(Accepted(order_id=order_id, parcel=parcel), 202)

        return await idempotently(platform, request, principal, ask)

    @routes.post("/orders/{order_id}/parcels/{parcel}/retry", status_code=202, response_model=Accepted)
    async def post_retry(
        request: Request, order_id: UUID, parcel: ParcelPath, body: RetryBody, principal: Principal = Depends(key)
    ) -> Response:
        """Frees a case `needs_attention`: the work is done again from what is known now. If it fails again, that is a
        new case.
        """

        async def again(db: DB) -> Response:
            facts = await _parcel(platform, db, order_id, parcel)
            held = cases.open_hold(facts, parcel)
            subject = held.subject if body.work == domain.HOLD_ANSWER and held else str(parcel)
            freed = cases.retried(facts, body.work, subject, Moment(platform.clock.now()))
            next_round = cases.attention_round(facts, body.work, subject) + len(freed)
            if not await work.do_again(db, body.work, order_id, subject, next_round):
                raise Problem(409, "there is no such work to do again")
            await platform.ledger.say(db, freed)
            return _answer(Accepted(order_id=order_id, parcel=parcel), 202)

        return await idempotently(platform, request, principal, again)

    return routes


async def _parcel(platform: Platform, db: DB, order_id: UUID, parcel: int) -> Facts:
    """The facts of an order that has this parcel, locked; Problem 404."""
    known = (await platform.ledger.read(db, [order_id]))[order_id]
    packed = known.get(OrderPacked)
    if packed is None or all(box.parcel != parcel for box in packed.parcels):
        raise Problem(404, "no such parcel here")
    return (await platform.ledger.lock(db, [order_id]))[order_id]


async def _owe(db: DB, kind: str, order_id: UUID, subject: str) -> None:
    await jobs.enqueue(db, [Job(kind, order_id, subject)], {kind: work.IMPORT_GATEWAY})


def _place(parts: tuple[str, ...]) -> tuple[UUID, int]:
    try:
        place = UUID(parts[0]), int(parts[1])
    except ValueError:
        place = UUID(int=0), -1
    if not 0 <= place[1] <= 99:
        raise Problem(400, "bad cursor", errors=[FieldError("cursor", "cursor", "use the cursor of the last answer")])
    return place


def _answer(view: BaseModel, status: int = 200) -> Response:
    return Response(view.model_dump_json(), status, media_type="application/json")
