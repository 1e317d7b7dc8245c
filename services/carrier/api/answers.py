"""What operators state about a parcel: its loss or destruction, answers to an enquiry, about a claim, about a label."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from contracts.base import Event, order_stream
from services.carrier.domain import answers
from services.carrier.domain.parcels import parcels_of
from services.carrier.schemas import (
    ClaimAnswerBody,
    DestructionBody,
    EnquiryAnswerBody,
    LabelDecisionBody,
    ParcelView,
    parcel_view,
)
from services.paths import OrderPath, ParcelPath
from shared.clock import Clock
from shared.db import DB
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, Node, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger


def _statement(conflict: str) -> Node:
    """What `publish` takes and answers."""
    return described(IDEMPOTENT, problems(404, because={409: conflict}))


def router(ledger: Ledger, clock: Clock, requests: IdempotentRequests, require: Require) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["parcels"])
    support = Depends(require("support"))

    async def publish(
        request: Request, who: Principal, order_id: UUID, parcel: int, rule: Callable[[Facts, datetime], list[Event]]
    ) -> Response:
        """Publishes the events of the rule, once an `Idempotency-Key`. Problem 404 for an unknown parcel, 409 when the
        rule raises NotPossible."""

        async def work(db: DB) -> Response:
            if parcel not in parcels_of((await ledger.read(db, [order_stream(order_id)]))[order_id]):
                raise Problem(404, "no such parcel")
            facts = (await ledger.lock(db, [order_stream(order_id)]))[order_id]
            try:
                published = rule(facts, clock.now())
            except answers.NotPossible as fault:
                raise Problem(409, str(fault)) from None
            sets = await ledger.publish(db, published)
            return JSONResponse(parcel_view(sets[order_id], parcel).model_dump(mode="json"))

        return await requests.run(request, who, work)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/loss",
        summary="State that a parcel is lost",
        response_model=ParcelView,
        openapi_extra=_statement("The parcel was not handed over, or it has come to its end."),
    )
    async def state_loss(
        request: Request, order_id: OrderPath, parcel: ParcelPath, who: Principal = support
    ) -> Response:
        """The parcel is lost: the carrier reported so outside its tracking. Repeated, it changes nothing."""
        return await publish(request, who, order_id, parcel, lambda facts, now: answers.loss(facts, parcel, now))

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/destruction",
        summary="State that a parcel is gone for good",
        response_model=ParcelView,
        openapi_extra=_statement("The parcel was not handed over, or it has come to another end."),
    )
    async def state_destruction(
        request: Request, order_id: OrderPath, parcel: ParcelPath, answer: DestructionBody, who: Principal = support
    ) -> Response:
        """The parcel is gone for good: carrier or customs reported so outside its tracking, even after it was lost.
        Repeated, it changes nothing; with another reason, 409."""
        return await publish(
            request, who, order_id, parcel, lambda facts, now: answers.destruction(facts, parcel, answer.reason, now)
        )

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/enquiry-answer",
        summary="Answer an enquiry about a silent parcel",
        response_model=ParcelView,
        openapi_extra=_statement("No enquiry is open for the parcel."),
    )
    async def answer_enquiry(
        request: Request, order_id: OrderPath, parcel: ParcelPath, answer: EnquiryAnswerBody, who: Principal = support
    ) -> Response:
        """The carrier's answer to an enquiry: found, and the wait begins anew, or lost."""
        return await publish(
            request, who, order_id, parcel, lambda facts, now: answers.enquiry_answer(facts, parcel, answer.found, now)
        )

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/claim-answer",
        summary="State whether a claim was sent",
        response_model=ParcelView,
        openapi_extra=_statement("No claim is asked for about the parcel."),
    )
    async def answer_claim(
        request: Request, order_id: OrderPath, parcel: ParcelPath, answer: ClaimAnswerBody, who: Principal = support
    ) -> Response:
        """Settles the case that asks for a claim. An open enquiry waits for the carrier's answer all the same."""
        return await publish(
            request, who, order_id, parcel, lambda facts, now: answers.claim_answer(facts, parcel, answer.sent, now)
        )

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/label-answer",
        summary="Decide what becomes of a missing label",
        response_model=ParcelView,
        openapi_extra=_statement("No case about the parcel's label is open."),
    )
    async def decide_label(
        request: Request, order_id: OrderPath, parcel: ParcelPath, answer: LabelDecisionBody, who: Principal = support
    ) -> Response:
        """Frees a parcel whose label is uncertain or could not be had: ask for it again, or give it up."""
        return await publish(
            request, who, order_id, parcel, lambda facts, now: answers.label_answer(facts, parcel, answer.action, now)
        )

    return routes
