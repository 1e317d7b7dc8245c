"""The carrier service over HTTP: labels for the packers, answers and a look inside for operators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from contracts.base import Event
from contracts.carrier import (
    LabelCreated,
    LabelRefused,
    ParcelDelivered,
    ParcelDestroyed,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.warehouse import OrderPacked, ParcelHandedOver
from services.carrier import store
from services.carrier.domain.decide import (
    ANSWERED_FOUND,
    ENDS,
    LET_GO,
    REFUSE,
    open_enquiry,
    open_label_case,
)
from shared.db import DB
from shared.http.answers import etag_response
from shared.http.api_keys import Principal
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.ledger.facts import Facts
from shared.platform import Platform

ParcelPath = Annotated[int, Path(ge=1, le=99)]


class Destruction(BaseModel):
    """Why a parcel is gone for good."""

    model_config = ConfigDict(extra="forbid")
    reason: Literal["destroyed", "seized", "abandoned"]


class EnquiryAnswer(BaseModel):
    """What the carrier said when asked about a silent parcel."""

    model_config = ConfigDict(extra="forbid")
    found: bool


class LabelAnswer(BaseModel):
    """What a person decided about a label that may exist, or that could not be had."""

    model_config = ConfigDict(extra="forbid")
    action: Literal["repeat", "refuse"]


class LabelView(BaseModel):
    parcel: int
    tracking_number: str
    partner_number: str | None
    product: str
    used: bool
    stored: bool
    created_at: datetime


class GhostView(BaseModel):
    parcel: int
    reason: str
    tracking_number: str | None
    recorded_at: datetime


class ParcelView(BaseModel):
    parcel: int
    state: str
    tracking_number: str | None
    scans: int
    unreadable_events: int
    case: str | None


class SetAsideView(BaseModel):
    """Events of the carrier that are not believed: they are kept, and move nothing."""

    parcel: int
    reason: str
    """`too_early`, `in_the_future` or `too_many`."""
    events: int
    first_at: datetime
    last_at: datetime
    """When the first and the last of them say they happened."""


class OrderView(BaseModel):
    order_id: UUID
    parcels: list[ParcelView]
    labels: list[LabelView]
    ghost_labels: list[GhostView]
    set_aside: list[SetAsideView]


def router(platform: Platform) -> APIRouter:
    routes = APIRouter(route_class=Route)
    operator = Depends(platform.require("operator"))
    warehouse = Depends(platform.require("warehouse"))

    @routes.get(
        "/orders/{order_id}/parcels/{parcel}/label",
        tags=["labels"],
        response_class=Response,
        responses={
            200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
            404: {"description": "no label, or not yet"},
            410: {"description": "the order was withdrawn, or the label's time is over"},
        },
    )
    async def label(request: Request, order_id: UUID, parcel: ParcelPath, who: Principal = warehouse) -> Response:
        """The one label of the parcel, as PDF. Each reading is noted: a label bears the addressee."""
        async with platform.pool.acquire() as db, db.transaction():
            facts = (await platform.ledger.read(db, [order_id]))[order_id]
            row = await store.shown_label(db, order_id, parcel)
            if row is None or facts.get(LabelCreated, parcel) is None:
                raise Problem(404, "no label for this parcel")
            if row["pdf"] is None or any(kind in facts for kind in LET_GO):
                raise Problem(410, "this label may not be used any more")
            await store.note_label_read(db, order_id, parcel, who.name)
        pdf = platform.seal.open(row["pdf"], f"label:{row['tracking_number']}")
        return etag_response(request, pdf, "application/pdf", {"X-Tracking-Number": row["tracking_number"]})

    @routes.post("/orders/{order_id}/parcels/{parcel}/loss", tags=["answers"], response_model=ParcelView)
    async def loss(request: Request, order_id: UUID, parcel: ParcelPath, who: Principal = operator) -> Response:
        """The parcel is lost: the carrier said so outside its tracking. Said again, it changes nothing."""

        async def work(db: DB) -> Response:
            facts = await _known(platform, db, order_id, parcel)
            if facts.get(ParcelLost, parcel) is None:
                _require_under_way(facts, parcel)
            return await _publish(platform, db, [_lost(platform, order_id, parcel)], parcel)

        return await platform.requests.run(request, who, work)

    @routes.post("/orders/{order_id}/parcels/{parcel}/destruction", tags=["answers"], response_model=ParcelView)
    async def destruction(
        request: Request, order_id: UUID, parcel: ParcelPath, answer: Destruction, who: Principal = operator
    ) -> Response:
        """The parcel is gone for good: carrier or customs said so outside its tracking, even after it was called lost.
        Said again, it changes nothing; said otherwise, 409."""

        async def work(db: DB) -> Response:
            facts = await _known(platform, db, order_id, parcel)
            already = facts.get(ParcelDestroyed, parcel)
            if already is None or already.reason != answer.reason:
                _require_under_way(facts, parcel, or_lost=True)
            destroyed = ParcelDestroyed(
                order_id=order_id, occurred_at=platform.clock.now(), parcel=parcel, reason=answer.reason
            )
            return await _publish(platform, db, [destroyed], parcel)

        return await platform.requests.run(request, who, work)

    @routes.post("/orders/{order_id}/parcels/{parcel}/enquiry-answer", tags=["answers"], response_model=ParcelView)
    async def enquiry_answer(
        request: Request, order_id: UUID, parcel: ParcelPath, answer: EnquiryAnswer, who: Principal = operator
    ) -> Response:
        """The carrier's answer to an enquiry: found, and the wait begins anew, or lost."""

        async def work(db: DB) -> Response:
            facts = await _known(platform, db, order_id, parcel)
            case = open_enquiry(facts, parcel)
            if case is None:
                raise Problem(409, "no enquiry is open for this parcel")
            published: Event = (
                case.closed(platform.clock.now(), ANSWERED_FOUND) if answer.found else _lost(platform, order_id, parcel)
            )
            return await _publish(platform, db, [published], parcel)

        return await platform.requests.run(request, who, work)

    @routes.post("/orders/{order_id}/parcels/{parcel}/label-answer", tags=["answers"], response_model=ParcelView)
    async def label_answer(
        request: Request, order_id: UUID, parcel: ParcelPath, answer: LabelAnswer, who: Principal = operator
    ) -> Response:
        """Frees a parcel whose label is uncertain or could not be had: ask for it again, or give it up."""

        async def work(db: DB) -> Response:
            facts = await _known(platform, db, order_id, parcel)
            case = open_label_case(facts, parcel)
            if case is None:
                raise Problem(409, "no case about this parcel's label is open")
            now = platform.clock.now()
            published: list[Event] = [case.closed(now, answer.action)]
            if answer.action == REFUSE:
                published.append(LabelRefused(order_id=order_id, occurred_at=now, parcel=parcel, reason="operator"))
            return await _publish(platform, db, published, parcel)

        return await platform.requests.run(request, who, work)

    @routes.get("/orders/{order_id}", tags=["orders"], response_model=OrderView)
    async def order(request: Request, order_id: UUID, _: Principal = operator) -> Response:
        """What the carrier service knows of an order: parcels, every label made, every label that may exist."""
        async with platform.pool.acquire() as db, db.transaction():
            facts = (await platform.ledger.read(db, [order_id]))[order_id]
            if not len(facts):
                raise Problem(404, "no such order")
            labels = await store.labels_of(db, order_id)
            ghosts = await store.ghosts_of(db, order_id)
            unreadable = await store.unreadable_of(db, order_id)
            set_aside = await store.set_aside_of(db, order_id)
        view = OrderView(
            order_id=order_id,
            parcels=[parcel_view(facts, parcel, unreadable.get(parcel, 0)) for parcel in parcels_of(facts)],
            labels=[LabelView(**row) for row in labels],
            ghost_labels=[GhostView(**row) for row in ghosts],
            set_aside=[SetAsideView(**row) for row in set_aside],
        )
        return etag_response(request, view.model_dump_json().encode())

    return routes


def parcels_of(facts: Facts) -> list[int]:
    """The order's parcels, once it is packed."""
    plan = facts.get(OrderPacked)
    return sorted(box.parcel for box in plan.parcels) if plan else []


def parcel_view(facts: Facts, parcel: int, unreadable: int = 0) -> ParcelView:
    """Where a parcel stands, in this service's eyes."""
    label = facts.get(LabelCreated, parcel)
    case = open_enquiry(facts, parcel) or open_label_case(facts, parcel)
    return ParcelView(
        parcel=parcel,
        state=_state(facts, parcel),
        tracking_number=label.tracking_number if label else None,
        scans=sum(scan.parcel == parcel for scan in facts.all(ParcelScanned)),
        unreadable_events=unreadable,
        case=case.case if case else None,
    )


def _state(facts: Facts, parcel: int) -> str:
    if facts.get(ParcelDelivered, parcel) is not None:
        return "delivered"
    if facts.get(ParcelReturned, parcel) is not None:
        return "returned"
    if (destroyed := facts.get(ParcelDestroyed, parcel)) is not None:
        return destroyed.reason
    if facts.get(ParcelLost, parcel) is not None:
        return "lost"
    if facts.get(LabelRefused, parcel) is not None:
        return "refused"
    if any(kind in facts for kind in LET_GO):
        return "let_go"
    if facts.get(ParcelHandedOver, parcel) is not None:
        return "handed_over"
    return "labelled" if facts.get(LabelCreated, parcel) is not None else "waiting_for_label"


async def _known(platform: Platform, db: DB, order_id: UUID, parcel: int) -> Facts:
    """The facts of the order, locked. Problem 404 when it has no such parcel."""
    known = await platform.ledger.read(db, [order_id])
    if parcel not in parcels_of(known[order_id]):
        raise Problem(404, "no such parcel")
    return (await platform.ledger.lock(db, [order_id]))[order_id]


def _require_under_way(facts: Facts, parcel: int, *, or_lost: bool = False) -> None:
    """Problem 409 unless the parcel travels, or, if that will do, nobody knows where it is."""
    if facts.get(ParcelHandedOver, parcel) is None:
        raise Problem(409, "this parcel was not handed over")
    if any(facts.get(end, parcel) is not None for end in ENDS if not (or_lost and end is ParcelLost)):
        raise Problem(409, "this parcel has come to its end already")


def _lost(platform: Platform, order_id: UUID, parcel: int) -> ParcelLost:
    return ParcelLost(order_id=order_id, occurred_at=platform.clock.now(), parcel=parcel, said_by="operator")


async def _publish(platform: Platform, db: DB, published: list[Event], parcel: int) -> Response:
    sets = await platform.ledger.publish(db, published)
    return JSONResponse(parcel_view(sets[published[0].order_id], parcel).model_dump(mode="json"))
