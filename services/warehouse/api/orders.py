"""HTTP: what people do with an order - pick, pack, report a shortage, hand over, book a return in."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import TypeAdapter

from contracts.base import ParcelNumber
from services.warehouse.api import actions
from services.warehouse.schemas import views
from services.warehouse.schemas.orders import (
    HandOver,
    HandOverBody,
    HandOverPage,
    HandOverView,
    OrderView,
    PackBody,
    PackView,
    PickPage,
    ReturnBody,
    ReturnView,
    ShortageBody,
    ShortageView,
)
from services.warehouse.store import goods, stock
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal
from shared.http.paging import PAGE, Cursor, Instant, Limit
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.platform import Platform

ParcelPath = Annotated[ParcelNumber, Path()]

_IN_PICK_LISTS = TypeAdapter(tuple[Instant, UUID])
_IN_HAND_OVERS = TypeAdapter(tuple[Instant, UUID, ParcelNumber])


def router(platform: Platform) -> APIRouter:
    key = platform.require("warehouse")
    routes = APIRouter(route_class=Route, tags=["orders"])

    @routes.get("/pick-lists", response_model=PickPage)
    async def get_pick_lists(
        request: Request, cursor: Cursor | None = None, limit: Limit = PAGE, _: Principal = Depends(key)
    ) -> Response:
        """Reserved orders to pick and pack, the longest waiting first."""
        after = paging.after(cursor, _IN_PICK_LISTS)
        async with platform.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            rows = await stock.reserved_orders(db, after, limit + 1)
            shown, following = paging.cut(rows, limit, lambda row: (row.since, row.order_id))
            sets = await platform.ledger.read(db, [row.order_id for row in shown])
            products = await goods.products(db, views.skus(sets.values()))
        lists = tuple(views.pick_list(row, sets[row.order_id], products) for row in shown)
        return json_answer(PickPage(pick_lists=lists, next=following), headers=paging.link(request, following))

    @routes.get("/hand-overs", response_model=HandOverPage)
    async def get_hand_overs(
        request: Request, cursor: Cursor | None = None, limit: Limit = PAGE, _: Principal = Depends(key)
    ) -> Response:
        """Parcels to hand to the carrier: all labels of their order are there."""
        async with platform.pool.acquire() as db:
            rows = await stock.labelled_parcels(db, paging.after(cursor, _IN_HAND_OVERS), limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.since, row.order_id, row.parcel))
        waiting = tuple(
            HandOver(
                order_id=row.order_id,
                number=row.number,
                since=row.since,
                parcel=row.parcel,
                tracking_number=row.tracking_number,
            )
            for row in shown
        )
        return json_answer(HandOverPage(hand_overs=waiting, next=following), headers=paging.link(request, following))

    @routes.get("/orders/{order_id}", response_model=OrderView)
    async def get_order(order_id: UUID, _: Principal = Depends(key)) -> Response:
        """The order as the warehouse sees it."""
        async with platform.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            facts = (await platform.ledger.read(db, [order_id]))[order_id]
            moved = (await stock.movements(db, [order_id])).get(order_id, [])
        if not len(facts):
            raise Problem(404, "no such order here")
        return json_answer(views.order(facts, moved))

    @routes.post("/orders/{order_id}/parcels", status_code=201, response_model=PackView)
    async def post_parcels(
        order_id: UUID, request: Request, body: PackBody, principal: Principal = Depends(key)
    ) -> Response:
        """The whole order, packed by scan, weighed and measured: every line and nothing else. The same body again gets
        the same answer, another 409."""

        async def work(db: DB) -> Response:
            boxes = tuple(box.box() for box in body.parcels)
            packed = await actions.pack(platform, db, order_id, boxes)
            return json_answer(PackView(order_id=order_id, packed_at=packed.occurred_at, parcels=packed.parcels), 201)

        return await platform.requests.run(request, principal, work)

    @routes.post("/orders/{order_id}/shortages", response_model=ShortageView)
    async def post_shortage(
        order_id: UUID, request: Request, body: ShortageBody, principal: Principal = Depends(key)
    ) -> Response:
        """Units of the order are not in their place, or damaged: they are written off and replaced, or the order is
        withdrawn. Each call reports other units: send an `Idempotency-Key`, so that a repeated call does not."""

        async def work(db: DB) -> Response:
            replaced, stage = await actions.report_shortage(
                platform, db, order_id, body.sku, body.quantity, body.reason
            )
            return json_answer(
                ShortageView(order_id=order_id, sku=body.sku, written_off=body.quantity, replaced=replaced, stage=stage)
            )

        return await platform.requests.run(request, principal, work)

    @routes.post("/orders/{order_id}/parcels/{parcel}/hand-over", response_model=HandOverView)
    async def post_hand_over(
        order_id: UUID,
        parcel: ParcelPath,
        request: Request,
        body: HandOverBody,
        principal: Principal = Depends(key),
    ) -> Response:
        """The parcel goes to the carrier; its label was scanned. The first one is the order's point of no return."""

        async def work(db: DB) -> Response:
            handed = await actions.hand_over(platform, db, order_id, parcel, body.tracking_number)
            return json_answer(
                HandOverView(
                    order_id=order_id,
                    parcel=parcel,
                    tracking_number=handed.tracking_number,
                    handed_over_at=handed.occurred_at,
                )
            )

        return await platform.requests.run(request, principal, work)

    @routes.post("/orders/{order_id}/parcels/{parcel}/return", response_model=ReturnView)
    async def post_return(
        order_id: UUID,
        parcel: ParcelPath,
        request: Request,
        body: ReturnBody,
        principal: Principal = Depends(key),
    ) -> Response:
        """A returned parcel was opened: sound units are stock again, damaged ones are written off. The same body again
        gets the same answer, another 409."""

        async def work(db: DB) -> Response:
            back = await actions.book_return(
                platform,
                db,
                order_id,
                parcel,
                [unit.counted() for unit in body.sound],
                [unit.counted() for unit in body.damaged],
            )
            return json_answer(
                ReturnView(
                    order_id=order_id,
                    parcel=parcel,
                    received_at=back.occurred_at,
                    sound=back.sound,
                    written_off=back.written_off,
                )
            )

        return await platform.requests.run(request, principal, work)

    return routes
