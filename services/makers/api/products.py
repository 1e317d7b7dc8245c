"""Products: stated by a vendor, approved by a person when vendor, brand and customs allow it."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter

from contracts.base import Sku
from services.makers.api.goods_actions import GoodsActions
from services.makers.api.ownership import VendorPath, require_own
from services.makers.domain.products import PRODUCT_TABLE, Product
from services.makers.jobs.customs import Customs
from services.makers.schemas.goods import (
    CustomsVerdictView,
    ProductBody,
    ProductDecisionBody,
    ProductsPage,
    ProductView,
    product_view,
    verdict_view,
)
from services.makers.schemas.product_list import (
    LIST_BYTES,
    MEDIA_TYPE,
    MOST_FAULTS,
    ProductListView,
    Row,
    RowFault,
    Take,
    read_list,
    write_list,
)
from services.makers.store import products
from services.refusals.refusal import Refusal
from services.refusals.routes import RefusalRoute
from services.vendor_keys import VENDOR_SCOPE
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, PAGED, described, problems
from shared.http.paging import PAGE, Cursor, Limit
from shared.http.routes import body_within

SkuPath = Annotated[Sku, Path(description="The product's number, one vendor's for ever.")]
WRITTEN_AT_ONCE = 500
"""Products of a spreadsheet."""
_IN_PRODUCTS = TypeAdapter(tuple[Sku])
_FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_CSV = {MEDIA_TYPE: {"schema": {"type": "string"}}}


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    requests: IdempotentRequests,
    actions: GoodsActions,
    customs: Customs,
) -> APIRouter:
    vendor_alone, reader, operator = require(VENDOR_SCOPE, operators=False), require(VENDOR_SCOPE, "support"), require()
    routes = APIRouter(route_class=RefusalRoute, tags=["products"])

    async def once(
        request: Request, principal: Principal, vendor_id: VendorPath, act: Callable[[DB], Awaitable[Product]]
    ) -> Response:
        require_own(principal, vendor_id)

        async def work(db: DB) -> Response:
            return json_answer(product_view(await act(db)))

        return await requests.run(request, principal, work)

    @routes.get(
        "/vendors/{vendor_id}/products",
        summary="List a vendor's products",
        response_model=ProductsPage,
        openapi_extra=described(PAGED, problems(404)),
    )
    async def list_products(
        request: Request,
        vendor_id: VendorPath,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        principal: Principal = Depends(reader),
    ) -> Response:
        """Each in its newest version, by SKU."""
        require_own(principal, vendor_id)
        after = paging.after(cursor, _IN_PRODUCTS)
        async with pool.acquire() as db:
            await actions.lock.read(db, vendor_id)
            rows = await products.list_products(db, vendor_id, after[0] if after else None, limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.sku,))
        page = ProductsPage.model_construct(products=tuple(product_view(row) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get(
        "/vendors/{vendor_id}/products/{sku}",
        summary="Read a product",
        response_model=ProductView,
        openapi_extra=problems(404),
    )
    async def get_product(vendor_id: VendorPath, sku: SkuPath, principal: Principal = Depends(reader)) -> Response:
        """In its newest version."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            return json_answer(product_view(await actions.product_of(db, vendor_id, sku)))

    @routes.get(
        "/vendors/{vendor_id}/products/{sku}/customs-verdict",
        summary="Ask what customs says of a product",
        response_model=CustomsVerdictView,
        openapi_extra=problems(404, because={503: "Customs does not answer."}),
    )
    async def ask_customs(vendor_id: VendorPath, sku: SkuPath, principal: Principal = Depends(reader)) -> Response:
        """Of its newest version, by the rules of today: whether it may come in, and what to state where the code or a
        permit is what is missing. Nothing is kept of it."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            product = await actions.product_of(db, vendor_id, sku)
        return json_answer(verdict_view(await customs.judge(sku, product.details)))

    @routes.put(
        "/vendors/{vendor_id}/products/{sku}",
        summary="State a product",
        response_model=ProductView,
        openapi_extra=problems(404, because={409: "The SKU is another vendor's, or there are too many products."}),
    )
    async def state_product(
        request: Request,
        vendor_id: VendorPath,
        sku: SkuPath,
        body: ProductBody,
        principal: Principal = Depends(vendor_alone),
    ) -> Response:
        """All about a product. Of an approved one this is a new version: the approved one stays in force until a person
        has decided."""

        async def act(db: DB) -> Product:
            [(before, after)] = await actions.state_products(db, vendor_id, [(sku, body.details())])
            if isinstance(after, Refusal):
                raise after
            if after != before:
                await actions.save_products(db, [after])
            return after

        return await once(request, principal, vendor_id, act)

    @routes.post(
        "/vendors/{vendor_id}/products/{sku}/submission",
        summary="Submit a product",
        response_model=ProductView,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "It is no draft."})),
    )
    async def submit_product(
        request: Request, vendor_id: VendorPath, sku: SkuPath, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """A person decides; a new version of an approved product needs no submission."""
        return await once(request, principal, vendor_id, lambda db: actions.submit_product(db, vendor_id, sku))

    @routes.post(
        "/vendors/{vendor_id}/products/{sku}/decision",
        summary="Approve or refuse a product",
        response_model=ProductView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "It waits for no decision, or `errors` names the rules that forbid it."}),
        ),
    )
    async def decide_product(
        request: Request,
        vendor_id: VendorPath,
        sku: SkuPath,
        body: ProductDecisionBody,
        principal: Principal = Depends(operator),
    ) -> Response:
        """By a person. Approved is only what a verified vendor sells, of a brand that is authorised for China today,
        and what customs would let in: it is asked just now, and while it does not answer nothing is approved (503)."""
        by = principal.name
        if body.decision == "refuse":
            return await once(
                request,
                principal,
                vendor_id,
                lambda db: actions.refuse_product(db, vendor_id, sku, body.reason, by),
            )
        async with pool.acquire() as db:
            product = await actions.product_of(db, vendor_id, sku)
        if (product.state, "approve") not in PRODUCT_TABLE:
            return await once(request, principal, vendor_id, lambda db: _repeated(actions, db, vendor_id, sku))
        # Before the transaction: nothing is locked while another service is asked.
        verdict = await customs.judge(sku, product.details)
        return await once(
            request,
            principal,
            vendor_id,
            lambda db: actions.approve_product(db, vendor_id, product, verdict, body.reason, by),
        )

    @routes.post(
        "/vendors/{vendor_id}/products/{sku}/withdrawal",
        summary="Withdraw a product",
        response_model=ProductView,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "It is withdrawn."})),
    )
    async def withdraw_product(
        request: Request, vendor_id: VendorPath, sku: SkuPath, principal: Principal = Depends(require(VENDOR_SCOPE))
    ) -> Response:
        """It is no longer received or sold; what is in flight goes on. Stated again it is a new version."""
        reason = "vendor" if principal.scope == VENDOR_SCOPE else "operator"
        return await once(
            request, principal, vendor_id, lambda db: actions.withdraw_product(db, vendor_id, sku, reason)
        )

    @routes.get(
        "/vendors/{vendor_id}/product-list",
        summary="Export a vendor's products",
        response_class=Response,
        openapi_extra=described(
            {"responses": {"200": {"description": "CSV (RFC 4180), UTF-8, one product a row.", "content": _CSV}}},
            problems(404),
        ),
    )
    async def export_products(vendor_id: VendorPath, principal: Principal = Depends(reader)) -> Response:
        """As a spreadsheet that is read back as the same products, by SKU."""
        require_own(principal, vendor_id)
        pieces: list[str] = []
        after: str | None = None
        async with pool.acquire() as db:
            await actions.lock.read(db, vendor_id)
            # Piece by piece: what others ask meanwhile is answered between two.
            while rows := await products.list_products(db, vendor_id, after, WRITTEN_AT_ONCE):
                pieces.append(write_list(rows, headings=not pieces))
                after = rows[-1].sku
        return Response("".join(pieces) or write_list(()), media_type=f"{MEDIA_TYPE}; charset=utf-8")

    @routes.post(
        "/vendors/{vendor_id}/product-list",
        summary="State products by a spreadsheet",
        response_model=ProductListView,
        openapi_extra=described(
            {"requestBody": {"required": True, "content": _FILE}},
            IDEMPOTENT,
            problems(404, 413, because={409: "The vendor is closed."}),
        ),
    )
    async def import_products(
        request: Request,
        vendor_id: VendorPath,
        dry_run: Annotated[bool, Query(description="Tells what would be done, and does nothing.")] = False,
        take: Annotated[Take, Query()] = "all",
        principal: Principal = Depends(vendor_alone),
    ) -> Response:
        """CSV in UTF-8 with headings, at most 1,000 rows and 256 KiB. Each row is judged as the body of a product is;
        `errors` names row, column and rule."""
        require_own(principal, vendor_id)
        # In a thread: it takes a tenth of a second.
        rows, faults, count = await to_thread(read_list, await body_within(request, LIST_BYTES))

        async def work(db: DB) -> Response:
            statements = [(row.sku, row.body.details()) for row in rows]
            results = await actions.state_products(db, vendor_id, statements)
            errors = [*faults, *_refused(rows, [after for _, after in results])]
            taken = [(before, after) for before, after in results if isinstance(after, Product)]
            changed = [(before, after) for before, after in taken if after != before]
            if (take == "good" or not errors) and not dry_run:
                await actions.save_products(db, [after for _, after in changed])
            new = sum(before is None for before, _ in changed)
            return json_answer(
                ProductListView(
                    dry_run=dry_run,
                    rows=count,
                    new=new,
                    changed=len(changed) - new,
                    unchanged=len(taken) - len(changed),
                    errors=tuple(sorted(errors, key=lambda fault: fault.row)[:MOST_FAULTS]),
                ),
                422 if errors and take == "all" and not dry_run else 200,
            )

        return await requests.run(request, principal, work)

    return routes


async def _repeated(actions: GoodsActions, db: DB, vendor_id: VendorPath, sku: str) -> Product:
    """A decision on what waits for none: refused, unless it is the repeat of one that was answered."""
    product = await actions.product_of(db, vendor_id, sku)
    raise Refusal("conflict", f"not while the product is {product.state}", detail="it waits for no decision")


def _refused(rows: list[Row], results: list[Product | Refusal]) -> list[RowFault]:
    return [
        RowFault(row.number, fault.field, fault.rule, fault.message)
        for row, result in zip(rows, results, strict=True)
        if isinstance(result, Refusal)
        for fault in result.faults
    ]
