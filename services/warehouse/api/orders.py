"""What people do with an order: pick, pack, report a shortage, hand over, book a return in."""

from __future__ import annotations

from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Request, Response
from pydantic import TypeAdapter

from contracts.base import ParcelNumber, order_stream
from services.paths import OrderPath, ParcelPath
from services.refusals.routes import RefusalRoute
from services.warehouse.api.order_actions import OrderActions
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.orders import ordered_units
from services.warehouse.schemas.orders import (
    HandOverBody,
    HandOverView,
    OrderView,
    PackedBoxesBody,
    PackedOrderView,
    ParcelsToHandOverPage,
    PickListsPage,
    RepackBody,
    RepackView,
    ReturnedParcelBody,
    ReturnedParcelView,
    ShortageBody,
    ShortageView,
    hand_over_view,
    handed_over_view,
    order_view,
    pack_view,
    pick_list_view,
    repack_view,
    return_view,
)
from services.warehouse.store import goods, stock, work_lists
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Instant, Limit
from shared.http.problems import Problem
from shared.ledger.ledger import Ledger

_IN_PICK_LISTS = TypeAdapter(tuple[Instant, UUID])
_IN_HAND_OVERS = TypeAdapter(tuple[Instant, UUID, ParcelNumber])


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    ledger: Ledger,
    requests: IdempotentRequests,
    actions: OrderActions,
) -> APIRouter:
    key = require("warehouse")
    routes = APIRouter(route_class=RefusalRoute, tags=["orders"])

    @routes.get("/pick-lists", summary="List the orders to pick", response_model=PickListsPage, openapi_extra=PAGED)
    async def list_pick_lists(
        request: Request, cursor: Cursor | None = None, limit: Limit = PAGE, _: Principal = Depends(key)
    ) -> Response:
        """Reserved orders to pick and pack, the longest waiting first."""
        after = paging.after(cursor, _IN_PICK_LISTS)
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            rows = await work_lists.reserved_orders(db, after, limit + 1)
            shown, following = paging.cut(rows, limit, lambda row: (row.since, row.order_id))
            sets = await ledger.read(db, [order_stream(row.order_id) for row in shown])
            skus = {sku for facts in sets.values() for sku in ordered_units(facts)}
            products = await goods.find_products(db, sorted(skus))
        lists = tuple(pick_list_view(row, sets[row.order_id], products) for row in shown)
        return json_answer(PickListsPage(pick_lists=lists, next=following), headers=paging.link(request, following))

    @routes.get(
        "/hand-overs",
        summary="List the parcels to hand over",
        response_model=ParcelsToHandOverPage,
        openapi_extra=PAGED,
    )
    async def list_hand_overs(
        request: Request, cursor: Cursor | None = None, limit: Limit = PAGE, _: Principal = Depends(key)
    ) -> Response:
        """Parcels to hand to the carrier: all labels of their order are there."""
        async with pool.acquire() as db:
            rows = await work_lists.labelled_parcels(db, paging.after(cursor, _IN_HAND_OVERS), limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.since, row.order_id, row.parcel))
        waiting = tuple(hand_over_view(row) for row in shown)
        return json_answer(
            ParcelsToHandOverPage(hand_overs=waiting, next=following), headers=paging.link(request, following)
        )

    @routes.get("/orders/{order_id}", summary="Read an order", response_model=OrderView, openapi_extra=problems(404))
    async def get_order(order_id: OrderPath, _: Principal = Depends(key)) -> Response:
        """The order as the warehouse sees it."""
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            facts = (await ledger.read(db, [order_stream(order_id)]))[order_id]
            movements = (await stock.movements_of_orders(db, [order_id])).get(order_id, ())
        if not len(facts):
            raise Problem(404, "no such order here")
        return json_answer(order_view(OrderStock(facts, movements)))

    @routes.post(
        "/orders/{order_id}/parcels",
        summary="Pack an order",
        status_code=201,
        response_model=PackedOrderView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "It is packed otherwise, or is not to be packed, or no carrier goes there."}),
        ),
    )
    async def pack_order(
        order_id: OrderPath, request: Request, body: PackedBoxesBody, principal: Principal = Depends(key)
    ) -> Response:
        """The whole order, packed by scan, weighed and measured: every line and nothing else. The same body again gets
        the same answer, another 409. An order that customs takes in one parcel is refused in several boxes (422,
        `one_parcel`) unless `split` is set. Of goods whose units have serials each unit is scanned: one that is
        unknown, in no stock, flagged, or of other goods is refused (422). Of goods that are told apart by lot the lots
        may be said."""

        async def work(db: DB) -> Response:
            packed, units = await actions.pack(db, order_id, body.boxes(), split=body.split)
            return json_answer(pack_view(packed, units), 201)

        return await requests.run(request, principal, work)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/repack",
        summary="Put a parcel into another box",
        response_model=RepackView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "It was handed over or repacked otherwise, or the order has ended."}),
        ),
    )
    async def repack_parcel(
        order_id: OrderPath,
        parcel: ParcelPath,
        request: Request,
        body: RepackBody,
        principal: Principal = Depends(key),
    ) -> Response:
        """Before the hand-over: all its contents lie in another box, which takes the next number and gets papers and a
        label of its own. The old box, and a label of it, must not leave. The same body again gets the same answer."""

        async def work(db: DB) -> Response:
            repacked, units = await actions.repack(db, order_id, parcel, body.measures())
            return json_answer(repack_view(repacked, units))

        return await requests.run(request, principal, work)

    @routes.post(
        "/orders/{order_id}/shortages",
        summary="Report missing or damaged units",
        response_model=ShortageView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "Nothing is reserved for it, or it can neither go on nor be withdrawn."}),
        ),
    )
    async def report_shortage(
        order_id: OrderPath, request: Request, body: ShortageBody, principal: Principal = Depends(key)
    ) -> Response:
        """Units of the order are not in their place, or damaged: they are written off and replaced, or the order is
        withdrawn. Each call reports other units: send an `Idempotency-Key`, so that a repeated call does not."""

        async def work(db: DB) -> Response:
            named = [unit.key() for unit in body.units]
            stated_lots = [lot.units() for lot in body.lots]
            replaced, stage = await actions.report_shortage(
                db, order_id, body.sku, body.quantity, body.reason, named, stated_lots
            )
            return json_answer(
                ShortageView(order_id=order_id, sku=body.sku, written_off=body.quantity, replaced=replaced, stage=stage)
            )

        return await requests.run(request, principal, work)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/hand-over",
        summary="Hand a parcel to the carrier",
        response_model=HandOverView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "A label is missing, the order has ended, or it left with another label."}),
        ),
    )
    async def hand_over_parcel(
        order_id: OrderPath,
        parcel: ParcelPath,
        request: Request,
        body: HandOverBody,
        principal: Principal = Depends(key),
    ) -> Response:
        """The parcel goes to the carrier; its label was scanned. The first one is the order's point of no return."""

        async def work(db: DB) -> Response:
            return json_answer(handed_over_view(await actions.hand_over(db, order_id, parcel, body.tracking_number)))

        return await requests.run(request, principal, work)

    @routes.post(
        "/orders/{order_id}/parcels/{parcel}/return",
        summary="Book a returned parcel in",
        response_model=ReturnedParcelView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "The parcel was not handed over, or it was booked in otherwise."}),
        ),
    )
    async def book_return(
        order_id: OrderPath,
        parcel: ParcelPath,
        request: Request,
        body: ReturnedParcelBody,
        principal: Principal = Depends(key),
    ) -> Response:
        """A returned parcel was opened: sound units are stock again, damaged ones are written off. The same body again
        gets the same answer, another 409."""

        async def work(db: DB) -> Response:
            sound, damaged = ([units.units() for units in counted] for counted in (body.sound, body.damaged))
            named = [unit.key() for unit in body.damaged_units]
            damaged_lots = [lot.of_sku() for lot in body.damaged_lots]
            received_back = await actions.book_return(db, order_id, parcel, sound, damaged, named, damaged_lots)
            return json_answer(return_view(received_back))

        return await requests.run(request, principal, work)

    return routes
