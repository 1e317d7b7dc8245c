"""HTTP: products, goods receipts, stock."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import Code, Sku
from services.warehouse.schemas.orders import (
    Gtin,
    Piles,
    ProductBody,
    ProductPage,
    ProductView,
    ReceiptBody,
    ReceiptLine,
    ReceiptView,
    StockPage,
    StockView,
)
from services.warehouse.store import goods
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.problems import FieldError, Problem
from shared.http.routes import Route
from shared.platform import Platform

SkuPath = Annotated[Sku, Path()]
_IN_PRODUCTS = TypeAdapter(tuple[Sku])
_IN_STOCK = TypeAdapter(tuple[Code, Sku])


def router(platform: Platform) -> APIRouter:
    key = platform.require("warehouse")
    routes = APIRouter(route_class=Route, tags=["goods"])

    @routes.put("/products/{sku}", response_model=ProductView, responses={201: {"model": ProductView}})
    async def put_product(sku: SkuPath, body: ProductBody, _: Principal = Depends(key)) -> Response:
        """States all about a product: 201 when new, 200 when replaced. Its owner never changes (409)."""
        value = body.unit_value
        product = goods.Product(
            sku=sku,
            **body.model_dump(exclude={"unit_value"}),
            unit_value=value.amount,
            currency=value.currency,
        )
        async with platform.pool.acquire() as db, db.transaction():
            created = await goods.save_product(db, product)
        if created is None:
            raise Problem(
                409,
                "the SKU belongs to another owner",
                errors=[FieldError("owner", "owner_of_sku", "a product's owner never changes")],
            )
        return json_answer(_product_view(product), 201 if created else 200)

    @routes.get("/products", response_model=ProductPage)
    async def get_products(
        request: Request,
        gtin: Annotated[Gtin | None, Query()] = None,
        owner: Annotated[Code | None, Query()] = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Products by SKU, of a GTIN or of an owner. A GTIN of 8, 12 or 13 digits is the one of 14 with zeros in front:
        each finds what was stated as any other. A GTIN may be of several SKUs."""
        after = paging.after(cursor, _IN_PRODUCTS)
        async with platform.pool.acquire() as db:
            found = await goods.listed(db, gtin, owner, after[0] if after else None, limit + 1)
        shown, following = paging.cut(found, limit, lambda product: (product.sku,))
        page = ProductPage(products=tuple(_product_view(product) for product in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get("/products/{sku}", response_model=ProductView)
    async def get_product(sku: SkuPath, _: Principal = Depends(key)) -> Response:
        async with platform.pool.acquire() as db:
            found = await goods.products(db, [sku])
        if sku not in found:
            raise Problem(404, "no such product")
        return json_answer(_product_view(found[sku]))

    @routes.post("/receipts", status_code=201, response_model=ReceiptView)
    async def post_receipt(request: Request, body: ReceiptBody, principal: Principal = Depends(key)) -> Response:
        """Books goods in. A reference of an owner counts once: the same lines again, in whatever order, get the same
        answer, others 409."""

        async def work(db: DB) -> Response:
            lines = [(line.sku, line.quantity) for line in body.lines]
            known = await goods.products(db, [sku for sku, _ in lines])
            if faults := _receipt_faults(body, known):
                raise Problem(422, "invalid receipt", errors=faults)
            receipt, _ = await goods.receive(db, body.owner, body.reference, lines, platform.clock.now())
            if dict(receipt.lines) != dict(lines):
                raise Problem(
                    409,
                    "this reference was booked with other lines",
                    errors=[FieldError("reference", "once", "a reference of an owner is booked once")],
                )
            view = ReceiptView(
                id=receipt.id,
                reference=receipt.reference,
                owner=receipt.owner,
                lines=tuple(ReceiptLine(sku=sku, quantity=quantity) for sku, quantity in receipt.lines),
                received_at=receipt.received_at,
            )
            return json_answer(view, 201)

        return await platform.requests.run(request, principal, work)

    @routes.get("/stock", response_model=StockPage)
    async def get_stock(
        request: Request,
        owner: Annotated[Code | None, Query()] = None,
        sku: Annotated[Sku | None, Query()] = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Stock by owner and SKU, and the sums over all pages: received = available + reserved + shipped + written
        off."""
        after = paging.after(cursor, _IN_STOCK)
        async with platform.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            rows = await goods.stock(db, owner, sku, after, limit + 1)
            totals = await goods.stock_totals(db, owner, sku)
        shown, following = paging.cut(rows, limit, lambda row: (row.owner, row.sku))
        views = tuple(StockView(**asdict(row)) for row in shown)
        page = StockPage(stock=views, totals=Piles(**totals), next=following)
        return json_answer(page, headers=paging.link(request, following))

    return routes


def _product_view(product: goods.Product) -> ProductView:
    fields = asdict(product)
    value = {"amount": fields.pop("unit_value"), "currency": fields.pop("currency")}
    return ProductView.model_validate({**fields, "unit_value": value})


def _receipt_faults(body: ReceiptBody, known: dict[str, goods.Product]) -> list[FieldError]:
    times = Counter(line.sku for line in body.lines)
    faults = []
    for place, line in enumerate(body.lines):
        field = f"lines[{place}].sku"
        if line.sku not in known:
            faults.append(FieldError(field, "known_sku", "a product must be stated before it is received"))
        elif known[line.sku].owner != body.owner:
            faults.append(FieldError(field, "owner_of_sku", "the product belongs to another owner"))
        if times[line.sku] > 1:
            faults.append(FieldError(field, "once", "each SKU once"))
    return faults
