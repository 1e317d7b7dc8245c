"""POST /orders: each order is accepted whole or not at all, and once for each number of a marketplace."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from contracts.base import order_stream
from contracts.orders import OrderPlaced
from services.orders.domain.decide import order_id_of
from services.orders.domain.routing import Routing
from services.orders.schemas.answers import AcceptedOrderView
from services.orders.schemas.body import OrderBody
from services.orders.schemas.conversion import contact, fingerprint, national_id, order_placed
from services.orders.schemas.intake import check
from services.orders.schemas.views import TrackingLinks
from services.orders.store.orders import fingerprints, save_fingerprints
from services.persons.facts import PersonRecorded
from services.persons.records import Persons
from shared import failpoints
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequest, IdempotentRequests
from shared.http.json_body import read_json
from shared.http.openapi import IDEMPOTENT, LOCATED, described, leads_to, problems, request_body
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.group_commit import GroupCommit
from shared.ledger.ledger import Ledger
from shared.sealing import Seal
from shared.telemetry import current_traceparent


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid order that a marketplace submits."""

    request: IdempotentRequest
    marketplace: str
    body: OrderBody
    traceparent: str | None = None

    @property
    def order_id(self) -> UUID:
        return order_id_of(self.marketplace, self.body.number)

    def conflict_keys(self) -> tuple[object, ...]:
        """The keys that no two submissions under way may share: the order, and the idempotency key."""
        return (self.order_id, *([(self.request.principal, self.request.key)] if self.request.key else []))


class Intake:
    """Accepts orders; those that arrive together share one transaction."""

    def __init__(
        self,
        ledger: Ledger,
        requests: IdempotentRequests,
        persons: Persons,
        clock: Clock,
        links: TrackingLinks,
        seal: Seal,
        routing: Routing,
    ) -> None:
        self._ledger = ledger
        self._requests = requests
        self._persons = persons
        self._clock = clock
        self._links = links
        self._seal = seal
        self._routing = routing
        self._groups = GroupCommit(self._answer_group, Submission.conflict_keys, lambda order: order.marketplace)

    async def answer(self, submission: Submission) -> Response | Problem:
        """The answer to this submission, once it is committed; see `place`."""
        return await self._groups.answer(submission)

    async def place(self, db: DB, submissions: Sequence[Submission]) -> list[Response | Problem]:
        """For each: 201 and the order; 200 and the same when it was accepted before; 409 when its number was used with
        another body. The same order with its lines in another order is the same; its lines keep their first numbers.

        No two of them are the same order.
        """
        by_id = {submission.order_id: submission for submission in submissions}
        digests = {order_id: fingerprint(order.body) for order_id, order in by_id.items()}
        sets = await self._ledger.lock(db, map(order_stream, by_id))
        known = [order_id for order_id in by_id if OrderPlaced in sets[order_id]]
        accepted_digests = await fingerprints(db, known, self._seal) if known else {}
        new = {order_id: order for order_id, order in by_id.items() if order_id not in known}
        if new:
            await self._insert(db, new, digests)
        results: list[Response | Problem] = []
        for order_id, order in by_id.items():
            if order_id in new:
                results.append(self._accepted(order, 201))
            elif same_body(accepted_digests.get(order_id), digests[order_id]):
                results.append(self._accepted(order, 200))
            else:
                results.append(_number_taken(order))
        return results

    async def _answer_group(self, submissions: Sequence[Submission]) -> Sequence[Response | Problem]:
        async with self._ledger.transaction() as db:

            async def place_new(indexes: Sequence[int]) -> Sequence[Response | Problem]:
                return await self.place(db, [submissions[index] for index in indexes])

            results = await self._requests.execute_once(db, [order.request for order in submissions], place_new)
            failpoints.reach("api.worked")
        failpoints.reach("api.committed")
        return results

    async def _insert(self, db: DB, new: Mapping[UUID, Submission], digests: Mapping[UUID, bytes]) -> None:
        now = self._clock.now()
        traces = {order_id: order.traceparent for order_id, order in new.items()}
        records = [
            self._persons.sealed(order_id, contact(order.body), national_id(order.body))
            for order_id, order in new.items()
        ]
        await self._persons.publish_all(db, records, traces)
        await save_fingerprints(db, {order_id: digests[order_id] for order_id in new}, self._seal)
        await self._ledger.record(
            db,
            consumed=[PersonRecorded(order_id=order_id, occurred_at=now) for order_id in new],
            published=[self._placed(order_id, order, now) for order_id, order in new.items()],
            traces={order_id: trace for order_id, trace in traces.items() if trace},
        )

    def _placed(self, order_id: UUID, order: Submission, now: datetime) -> OrderPlaced:
        carrier = self._routing.carrier(order.body.consignee.address.country, order.marketplace)
        return order_placed(order_id, order.marketplace, order.body, now, carrier)

    def _accepted(self, order: Submission, status: int) -> Response:
        return JSONResponse(
            {
                "id": str(order.order_id),
                "marketplace": order.marketplace,
                "number": order.body.number,
                "tracking_url": self._links.url(order.order_id),
            },
            status,
            {"Location": f"/orders/{order.order_id}"},
        )


NUMBER_TAKEN = Fault("number", "number_taken", "Must not name another order")


def same_body(accepted: bytes | None, digest: bytes) -> bool:
    """Whether the body of this digest is the one with which its order was accepted. `None`: that body's digest is
    erased."""
    return accepted is not None and hmac.compare_digest(accepted, digest)


def _number_taken(order: Submission) -> Problem:
    return Problem(
        409,
        "this order number is taken",
        detail=f"order {order.body.number} is here already, as {order.order_id}, with another body",
        errors=[NUMBER_TAKEN],
    )


def router(require: Require, requests: IdempotentRequests, intake: Intake, clock: Clock) -> APIRouter:
    """Intake for marketplaces."""
    routes = APIRouter(route_class=Route, tags=["orders"])
    marketplace = Depends(require("marketplace", operators=False))
    taken = "The number is another order's, or the same request is being worked on."

    @routes.post(
        "/orders",
        summary="Place an order",
        status_code=201,
        response_model=AcceptedOrderView,
        responses={200: {"model": AcceptedOrderView, "description": "The same order was accepted before."}},
        openapi_extra=described(
            IDEMPOTENT,
            request_body(OrderBody),
            LOCATED,
            leads_to("get_order", "cancel_order", "place_hold", "change_order", order_id="/id"),
            problems(because={409: taken}),
        ),
    )
    async def place_order(request: Request, principal: Principal = marketplace) -> Response:
        """Accepts an order: 201, or 200 when the same order was accepted before, or every fault of the body at once."""
        order = check(read_json(await request.body()), clock.now())
        if isinstance(order, list):
            raise Problem(422, "the order has faults", errors=order)
        idempotent = await requests.read(request, principal)
        result = await intake.answer(Submission(idempotent, principal.name, order, current_traceparent()))
        if isinstance(result, Problem):
            raise result
        return result

    return routes
