"""HTTP: products, goods receipts, stock."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from contracts.base import Code, Sku
from services.warehouse import goods
from services.warehouse.bodies import (
    PAGE,
    Piles,
    ProductBody,
    ProductView,
    ReceiptBody,
    ReceiptLine,
    ReceiptView,
    StockPage,
    StockView,
)
from shared.db import DB
from shared.http import Principal, decode_cursor, encode_cursor, idempotently
from shared.problems import FieldError, Problem
from shared.service import Platform

SkuPath = Annotated[Sku, Path()]
Limit = Annotated[int, Query(ge=1, le=PAGE)]
Cursor = Annotated[str | None, Query(max_length=500)]


def json_answer(view: BaseModel, status: int = 200) -> Response:
    return Response(view.model_dump_json(), status, media_type="application/json")


def next_page(request: Request, view: BaseModel, cursor: str | None) -> Response:
    """A page of a list; the link to the next one is in the header too (RFC 8288)."""
    response = json_answer(view)
    if cursor is not None:
        address = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
    return response


def bad_cursor() -> Problem:
    return Problem(400, "bad cursor", errors=[FieldError("cursor", "cursor", "use the cursor of the last answer")])


def router(platform: Platform) -> APIRouter:
    key = platform.require("warehouse")
    routes = APIRouter(tags=["goods"])

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

    @routes.get("/products/{sku}", response_model=ProductView)
    async def get_product(sku: SkuPath, _: Principal = Depends(key)) -> Response:
        async with platform.pool.acquire() as db:
            found = await goods.products(db, [sku])
        if sku not in found:
            raise Problem(404, "no such product")
        return json_answer(_product_view(found[sku]))

    @routes.post("/receipts", status_code=201, response_model=ReceiptView)
    async def post_receipt(request: Request, body: ReceiptBody, principal: Principal = Depends(key)) -> Response:
        """Books goods in. A reference of an owner counts once: the same lines again get the same answer, others 409."""

        async def work(db: DB) -> Response:
            lines = [(line.sku, line.quantity) for line in body.lines]
            known = await goods.products(db, [sku for sku, _ in lines])
            if faults := _receipt_faults(body, known):
                raise Problem(422, "invalid receipt", errors=faults)
            receipt, _ = await goods.receive(db, body.owner, body.reference, lines, platform.clock.now())
            if receipt.lines != tuple(lines):
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

        return await idempotently(platform, request, principal, work)

    @routes.get("/stock", response_model=StockPage)
    async def get_stock(
        request: Request,
        owner: Annotated[Code | None, Query()] = None,
        sku: Annotated[Sku | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
        _: Principal = Depends(key),
    ) -> Response:
        """Stock by owner and SKU, and the sums over all pages: received = available + reserved + shipped + written
        off."""
        after = decode_cursor(cursor, 2) if cursor else None
        if after and not all(part.isascii() and part.isprintable() for part in after):
            raise bad_cursor()
        async with platform.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            rows = await goods.stock(db, owner, sku, (after[0], after[1]) if after else None, limit + 1)
            totals = await goods.stock_totals(db, owner, sku)
        more = encode_cursor(rows[limit - 1].owner, rows[limit - 1].sku) if len(rows) > limit else None
        views = tuple(StockView(**asdict(row)) for row in rows[:limit])
        return next_page(request, StockPage(stock=views, totals=Piles(**totals), next=more), more)

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
