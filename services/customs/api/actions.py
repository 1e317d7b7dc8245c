"""What an operator does about a parcel; the rules are in `domain.actions`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from contracts.base import order_stream
from contracts.cases import CaseOpened
from contracts.customs import OrderScreened
from contracts.orders import OrderPlaced
from services.customs.destinations import DESTINATIONS, retries
from services.customs.destinations.destination import Destination
from services.customs.domain import actions, decide, holds
from services.customs.domain.actions import NotPossible
from services.customs.domain.decide import InForce
from services.customs.schemas.bodies import AcceptedActionView, HoldAnswerBody, UpliftNoticeBody, WorkRetryBody
from services.customs.store import hold_answers
from services.paths import OrderPath, ParcelPath
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, Node, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import DecisionContext, Facts, Job
from shared.ledger.ledger import Ledger
from shared.sealing import Seal


def destination_of(facts: Facts) -> Destination:
    """Where the order goes. NotPossible: nothing is known of it yet, or it goes nowhere that we know."""
    placed = facts.get(OrderPlaced)
    destination = DESTINATIONS.get(placed.country) if placed else None
    if destination is None:
        raise NotPossible("the order's destination is not known here")
    return destination


def _action(conflict: str) -> Node:
    """What `act` takes and answers."""
    return described(IDEMPOTENT, problems(404, because={409: conflict}))


def router(
    require: Require,
    ledger: Ledger,
    requests: IdempotentRequests,
    seal: Seal,
    clock: Clock,
    in_force: InForce,
    by_flight: Collection[str],
) -> APIRouter:
    """`by_flight`: the countries whose declarations wait for conveyance, voyage and bill."""
    key, agent = require("support"), require("operator")
    routes = APIRouter(route_class=Route, tags=["parcels"])

    async def act(
        request: Request,
        principal: Principal,
        order_id: UUID,
        parcel: int,
        action: Callable[[DB, Facts], Awaitable[None]],
        status: int = 202,
    ) -> Response:
        """Runs the action on the locked order, once an `Idempotency-Key`. Problem 404 for an unknown parcel, 409 when
        a rule raises NotPossible."""

        async def work(db: DB) -> Response:
            if not actions.has_parcel((await ledger.read(db, [order_stream(order_id)]))[order_id], parcel):
                raise Problem(404, "no such parcel here")
            facts = (await ledger.lock(db, [order_stream(order_id)]))[order_id]
            try:
                await action(db, facts)
            except NotPossible as fault:
                raise Problem(409, str(fault), detail=fault.detail) from None
            return json_answer(AcceptedActionView(order_id=order_id, parcel=parcel), status)

        return await requests.run(request, principal, work)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/uplift",
        summary="Report under which bill a parcel flies",
        response_model=AcceptedActionView,
        openapi_extra=_action("It was not handed over, or another notice or the inventory came first."),
    )
    async def report_uplift(
        request: Request,
        order_id: OrderPath,
        parcel: ParcelPath,
        body: UpliftNoticeBody,
        principal: Principal = Depends(agent),
    ) -> Response:
        """The agent's notice under which bill and voyage the parcel flies. The first one counts, and only while the
        inventory, which names the bill, has not left. An inventory that waits for it is written with it; where one
        does (`IMPORT_FLIGHT_REQUIRED`), the notice must name the conveyance too.
        """

        async def notice(db: DB, facts: Facts) -> None:
            now, destination = clock.now(), destination_of(facts)
            screened = facts.get(OrderScreened)
            is_declared = screened is not None and in_force().imports[screened.regime].documents
            if body.conveyance_number is None and is_declared and destination.country in by_flight:
                fault = Fault("conveyance_number", "missing", "Must be there: the declaration states it")
                raise Problem(422, "invalid request", errors=[fault])
            flight = (body.bill_number, body.voyage_number, body.conveyance_number)
            uplifted = actions.uplift(facts, parcel, *flight, now)
            waits = actions.waits_for_flight(facts, parcel, destination.flight_unknown)
            if uplifted is not None:
                if await destination.declaration_written(db, order_id, parcel):
                    actions.check_bill(facts, uplifted)
                await ledger.publish(db, [uplifted])
            if waits:
                await retries.run_again(
                    ledger, db, destination, decide.INVENTORY, facts, str(parcel), DecisionContext(now)
                )

        return await act(request, principal, order_id, parcel, notice, 200)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/hold-answer",
        summary="Answer customs about a held parcel",
        status_code=202,
        response_model=AcceptedActionView,
        openapi_extra=_action("Customs does not hold the parcel, or this hold was answered already."),
    )
    async def answer_hold(
        request: Request,
        order_id: OrderPath,
        parcel: ParcelPath,
        body: HoldAnswerBody,
        principal: Principal = Depends(key),
    ) -> Response:
        """Answers customs about a parcel it holds. One answer a hold; a case stays open until customs has decided.

        The answer to a hold of customs' own is sent on. One that only the post's scans tell was given to the post by
        hand: it is recorded here, and the case then waits for customs (`await_customs`).
        """

        async def answer(db: DB, facts: Facts) -> None:
            held = actions.hold_to_answer(facts, parcel)
            sealed = seal.seal(body.answer.encode(), hold_answers.sealing_place(order_id, held.subject))
            if not await hold_answers.add(db, order_id, held.subject, sealed, principal.name, clock.now()):
                raise NotPossible("this hold was answered already")
            if isinstance(held, CaseOpened):
                await ledger.publish(db, holds.post_hold_answered(held, DecisionContext(clock.now())))
                return
            await ledger.enqueue(db, [Job(decide.HOLD_ANSWER, facts.stream, held.subject)])

        return await act(request, principal, order_id, parcel, answer)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/return-approval",
        summary="Ask customs to approve a return",
        status_code=202,
        response_model=AcceptedActionView,
        openapi_extra=_action("Customs has not released the parcel, or the time for a return is over."),
    )
    async def request_return_approval(
        request: Request, order_id: OrderPath, parcel: ParcelPath, principal: Principal = Depends(key)
    ) -> Response:
        """Asks customs to approve the return of a released parcel (CEB625), which gives the buyer's quota back."""

        async def ask(db: DB, facts: Facts) -> None:
            actions.check_return(facts, parcel, in_force(), clock.now())
            await ledger.enqueue(db, [Job(decide.RETURN, facts.stream, str(parcel))])

        return await act(request, principal, order_id, parcel, ask)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/retry",
        summary="Do failed work again",
        status_code=202,
        response_model=AcceptedActionView,
        openapi_extra=_action("No such work of this parcel has failed."),
    )
    async def retry_work(
        request: Request,
        order_id: OrderPath,
        parcel: ParcelPath,
        body: WorkRetryBody,
        principal: Principal = Depends(key),
    ) -> Response:
        """Frees a case `needs_attention`: the work is done again from what is known now. If it fails again, that is a
        new case.
        """

        async def retry(db: DB, facts: Facts) -> None:
            subject = actions.job_subject(facts, parcel, body.work)
            context = DecisionContext(clock.now())
            if not await retries.run_again(ledger, db, destination_of(facts), body.work, facts, subject, context):
                raise NotPossible("there is no such work to do again")

        return await act(request, principal, order_id, parcel, retry)

    return routes
