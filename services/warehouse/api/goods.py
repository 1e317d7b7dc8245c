"""Products, goods receipts, stock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeAlias

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import RECEIPT, Code, Sku, Stream, product_stream, vendor_stream
from contracts.warehouse import UnitsReceived
from services.refusals.routes import RefusalRoute
from services.vendor_keys import VENDOR_SCOPE, vendor_of
from services.warehouse.domain.catalogue import first_vendor_fact, from_makers, product_facts
from services.warehouse.domain.goods import (
    GoodsReceipt,
    Product,
    check_identity,
    check_lots,
    check_receipt,
    check_repeated,
    check_serials,
    taken_serials,
    to_mint,
)
from services.warehouse.domain.lots import booked_lots
from services.warehouse.domain.stock import LotQuantity, levels_after
from services.warehouse.domain.units import SERIAL_BITS, serial_of, serials_of, units_received
from services.warehouse.schemas.goods import (
    ProductBody,
    ProductsPage,
    ProductView,
    ReceiptBody,
    ReceiptView,
    StockPage,
    product_view,
    quantities_view,
    receipt_view,
    stock_view,
)
from services.warehouse.schemas.units import Gtin
from services.warehouse.store import goods, stock, units
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.problems import Problem
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger

SkuPath = Annotated[Sku, Path(description="The product's number, which its owner has given it.")]
OwnerQuery = Annotated[Code | None, Query(description="Of this owner only.")]
_IN_PRODUCTS = TypeAdapter(tuple[Sku])
_IN_STOCK = TypeAdapter(tuple[Code, Sku])


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    ledger: Ledger,
    clock: Clock,
    requests: IdempotentRequests,
    *,
    makers: bool,
) -> APIRouter:
    """`makers`: products come from that service alone."""
    key, reader = require("warehouse"), require("warehouse", VENDOR_SCOPE)
    routes = APIRouter(route_class=RefusalRoute, tags=["goods"])

    @routes.put(
        "/products/{sku}",
        summary="State a product",
        response_model=ProductView,
        responses={201: {"model": ProductView, "description": "The product is new."}},
        openapi_extra=problems(
            because={
                409: "The SKU is another owner's, products come from `makers`, its units were received as told apart "
                "otherwise, or it has changed too often."
            }
        ),
    )
    async def put_product(sku: SkuPath, body: ProductBody, _: Principal = Depends(key)) -> Response:
        """States all about a product: 201 when new, 200 when replaced. Its owner never changes (409). Where the service
        `makers` says what may be sold, nothing is stated here (409)."""
        product = body.product(sku)
        if makers:
            raise from_makers()
        created = await ledger.run(lambda db: _state(db, ledger, product, clock.now()))
        return json_answer(product_view(product), 201 if created else 200)

    @routes.get("/products", summary="List products", response_model=ProductsPage, openapi_extra=PAGED)
    async def list_products(
        request: Request,
        gtin: Annotated[Gtin | None, Query(description="Of this GTIN only, with or without zeros in front.")] = None,
        owner: OwnerQuery = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        principal: Principal = Depends(reader),
    ) -> Response:
        """Products by SKU, of a GTIN or of an owner; a vendor's key lists its own. A GTIN of 8, 12 or 13 digits is the
        one of 14 with zeros in front: each finds what was stated as any other. A GTIN may be of several SKUs."""
        after, vendor = paging.after(cursor, _IN_PRODUCTS), vendor_of(principal)
        async with pool.acquire() as db:
            products = await goods.list_products(db, gtin, owner, vendor, after[0] if after else None, limit + 1)
        shown, following = paging.cut(products, limit, lambda product: (product.sku,))
        page = ProductsPage(products=tuple(product_view(product) for product in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get("/products/{sku}", summary="Read a product", response_model=ProductView, openapi_extra=problems(404))
    async def get_product(sku: SkuPath, principal: Principal = Depends(reader)) -> Response:
        """One product, as it was stated last. To a vendor's key another vendor's is unknown."""
        async with pool.acquire() as db:
            products = await goods.find_products(db, await goods.skus_of(db, [sku], vendor_of(principal)))
        if sku not in products:
            raise Problem(404, "no such product")
        return json_answer(product_view(products[sku]))

    @routes.post(
        "/receipts",
        summary="Book goods in",
        status_code=201,
        response_model=ReceiptView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(
                because={409: "The owner's reference was booked with other lines, serials or lots, or is being booked."}
            ),
        ),
    )
    async def book_receipt(request: Request, body: ReceiptBody, principal: Principal = Depends(key)) -> Response:
        """Books goods in. A reference of an owner counts once: the same lines again, in whatever order, get the same
        answer, others 409. Units of goods with serials have the serials that are stated, or get them here; of goods
        that are told apart by lot the lots are stated."""

        async def work(db: DB) -> Response:
            receipt, serials, lots = await _receive(db, ledger, body.receipt(clock.now()))
            return json_answer(receipt_view(receipt, serials, lots), 201)

        return await requests.run(request, principal, work)

    @routes.get("/stock", summary="List the stock", response_model=StockPage, openapi_extra=PAGED)
    async def list_stock(
        request: Request,
        owner: OwnerQuery = None,
        sku: Annotated[Sku | None, Query(description="Of this product only.")] = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        principal: Principal = Depends(reader),
    ) -> Response:
        """Stock by owner and SKU, and the sums over all pages: received = available + blocked + reserved + shipped +
        written off. A vendor's key lists, and sums up, its own."""
        after, vendor = paging.after(cursor, _IN_STOCK), vendor_of(principal)
        async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            rows = await goods.list_stock(db, owner, sku, vendor, after, limit + 1)
            totals, blocked = await goods.sum_stock(db, owner, sku, vendor)
        shown, following = paging.cut(rows, limit, lambda row: (row.owner, row.sku))
        page = StockPage(
            stock=tuple(stock_view(row) for row in shown), totals=quantities_view(totals, blocked), next=following
        )
        return json_answer(page, headers=paging.link(request, following))

    return routes


async def _state(db: DB, ledger: Ledger, product: Product, now: datetime) -> bool:
    """Publishes the product as `makers` would, for those who need products; whether it is new. Raises Refusal."""
    vendor, stream = vendor_stream(product.owner), product_stream(product.sku)
    sets = await ledger.lock(db, [vendor, stream])
    known, levels = await goods.find_products(db, [product.sku]), await stock.read_stock(db, [product.sku])
    received = product.sku in levels and levels[product.sku].received > 0
    check_identity(product, known.get(product.sku), received=received)
    created = await goods.save_product(db, product)
    if created is None:
        raise Problem(
            409,
            "the SKU belongs to another owner",
            errors=[Fault("owner", "owner_of_sku", "a product's owner never changes")],
        )
    new_facts = [
        *first_vendor_fact(sets[vendor.id], product.owner, now),
        *product_facts(sets[stream.id], product, now),
    ]
    await ledger.publish(db, new_facts)
    return created


_Serials: TypeAlias = Mapping[str, Sequence[str]]
_Lots: TypeAlias = Mapping[str, Sequence[LotQuantity]]


async def _receive(db: DB, ledger: Ledger, receipt: GoodsReceipt) -> tuple[GoodsReceipt, _Serials, _Lots]:
    """Books goods in, once for owner and reference. The receipt as first booked, with the serials and the lots of its
    units by SKU. Raises Refusal."""
    products = await goods.find_products(db, [line.sku for line in receipt.lines])
    check_receipt(receipt, products, await goods.withdrawn_skus(db, receipt))
    stream = Stream(RECEIPT, receipt.id)
    if not await goods.add_receipt(db, receipt):
        booked = await goods.read_receipt(db, receipt.id)
        check_repeated(receipt, booked)
        facts = (await ledger.read(db, [stream]))[receipt.id]
        return booked, *_booked_units(receipt, facts)
    facts = (await ledger.lock(db, [stream]))[receipt.id]
    # After a restore they may be known from the topic: then the units keep those serials.
    new_units = [] if UnitsReceived in facts else _units(receipt, products)
    movements = receipt.movements()
    levels = await stock.lock_stock(db, [movement.sku for movement in movements])  # before the rows of units and lots
    await ledger.publish(db, [receipt.received(products), *new_units])
    serials, lots = _booked_units(receipt, facts)
    if new_units and (taken := await units.of_other_receipts(db, receipt.id, new_units)):
        raise taken_serials(receipt, products, taken)
    await stock.save_movements(db, movements, levels_after(levels, movements), receipt.received_at)
    return receipt, serials, lots


def _booked_units(receipt: GoodsReceipt, facts: Facts) -> tuple[_Serials, _Lots]:
    """The serials and the lots of the receipt by its facts. Raises Refusal when it states others."""
    serials, lots = serials_of(facts), booked_lots(facts)
    check_serials(receipt, serials)
    check_lots(receipt, lots)
    return serials, lots


def _units(receipt: GoodsReceipt, products: Mapping[str, Product]) -> list[UnitsReceived]:
    """The units of the receipt that have serials: those stated, else new ones, drawn at random."""
    minted = {
        sku: tuple(serial_of(secrets.randbits(SERIAL_BITS)) for _ in range(quantity))
        for sku, quantity in to_mint(receipt, products).items()
    }
    serials = {**receipt.serials, **minted}
    lines = [
        (line.sku, products[line.sku].gtin.zfill(14), _lot(receipt, line.sku), serials[line.sku], line.sku in minted)
        for line in receipt.lines
        if line.sku in serials
    ]
    return units_received(receipt.id, receipt.received_at, lines)


def _lot(receipt: GoodsReceipt, sku: str) -> str | None:
    """Of units with serials, which come in one lot, if it is stated."""
    return next((lot.lot for lot in receipt.lots.get(sku, ())), None)
