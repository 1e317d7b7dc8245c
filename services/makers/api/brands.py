"""Brands: stated by a vendor with a document, authorised by a person."""

from __future__ import annotations

import hashlib
from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response

from services.makers.api.goods_actions import GoodsActions
from services.makers.api.ownership import VendorPath, require_own
from services.makers.schemas.goods import BrandBody, BrandDecisionBody, BrandsView, BrandView, brand_view
from services.makers.store import brands, vendors
from services.refusals.routes import RefusalRoute
from services.vendor_keys import VENDOR_SCOPE
from shared.db import DB
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, described, problems
from shared.http.problems import Problem
from shared.http.routes import body_within
from shared.limits import BODY_BYTES
from shared.sealing import Seal

DOCUMENT_BYTES = BODY_BYTES
BEGINNINGS = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How a PDF, a PNG and a JPEG begin."""
FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
BrandPath = Annotated[UUID, Path(description="The brand's id.")]


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    requests: IdempotentRequests,
    seal: Seal,
    actions: GoodsActions,
) -> APIRouter:
    vendor_alone, reader, operator = require(VENDOR_SCOPE, operators=False), require(VENDOR_SCOPE, "support"), require()
    routes = APIRouter(route_class=RefusalRoute, tags=["brands"])

    @routes.get(
        "/vendors/{vendor_id}/brands",
        summary="List a vendor's brands",
        response_model=BrandsView,
        openapi_extra=problems(404),
    )
    async def list_brands(vendor_id: VendorPath, principal: Principal = Depends(reader)) -> Response:
        """By name; a vendor has 200 at most."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            await actions.lock.read(db, vendor_id)
            rows = await brands.of_vendor(db, vendor_id)
        return json_answer(BrandsView(brands=tuple(brand_view(row) for row in rows)))

    @routes.post(
        "/vendors/{vendor_id}/brands",
        summary="State a brand",
        status_code=201,
        response_model=BrandView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(404, because={409: "The vendor is closed, or has too many."}),
        ),
    )
    async def state_brand(
        request: Request, vendor_id: VendorPath, body: BrandBody, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """A mark, and what the vendor may do with it; a person decides once its document is there. It is never changed:
        another one is stated."""
        require_own(principal, vendor_id)

        async def work(db: DB) -> Response:
            return json_answer(brand_view(await actions.add_brand(db, body.brand(uuid4(), vendor_id))), 201)

        return await requests.run(request, principal, work)

    @routes.put(
        "/vendors/{vendor_id}/brands/{brand_id}/document",
        summary="Hand in a brand's document",
        response_model=BrandView,
        openapi_extra=described(
            {"requestBody": {"required": True, "content": FILE}},
            problems(404, 413, because={409: "A person has decided already."}),
        ),
    )
    async def put_document(
        request: Request, vendor_id: VendorPath, brand_id: BrandPath, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """The certificate of the register, or the owner's authorisation: a PDF, PNG or JPEG of 256 KiB at most. It is
        sealed."""
        require_own(principal, vendor_id)
        body = await body_within(request, DOCUMENT_BYTES)
        if not body.startswith(BEGINNINGS):
            raise Problem(422, "invalid request", errors=[Fault("body", "file_type", "Must be a PDF, a PNG or a JPEG")])
        digest = hashlib.sha256(body).hexdigest()

        async def work(db: DB) -> Response:
            stated = await actions.state_document(db, vendor_id, brand_id, body, digest)
            return json_answer(brand_view(stated))

        return await requests.run(request, principal, work)

    @routes.get(
        "/vendors/{vendor_id}/brands/{brand_id}/document",
        summary="Read a brand's document",
        response_class=Response,
        openapi_extra=described(
            {"responses": {"200": {"description": "As it was handed in.", "content": FILE}}},
            problems(404),
        ),
    )
    async def get_document(
        vendor_id: VendorPath, brand_id: BrandPath, principal: Principal = Depends(reader)
    ) -> Response:
        """Each reading is recorded."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            await actions.brand_of(db, vendor_id, brand_id)
            sealed_document = await brands.document(db, brand_id)
            await vendors.record_read(db, vendor_id, "brand_document", "shown", principal.name)
        if sealed_document is None:
            raise Problem(404, "no document is there")
        # Never as what it says it is: a browser would show it.
        return Response(
            seal.open(sealed_document, brands.document_place(brand_id)),
            media_type="application/octet-stream",
            headers={"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"},
        )

    @routes.post(
        "/vendors/{vendor_id}/brands/{brand_id}/decision",
        summary="Authorise or refuse a brand",
        response_model=BrandView,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "It was decided, has ended, or its document is not there."})
        ),
    )
    async def decide_brand(
        request: Request,
        vendor_id: VendorPath,
        brand_id: BrandPath,
        body: BrandDecisionBody,
        principal: Principal = Depends(operator),
    ) -> Response:
        """By a person who has read the document."""

        async def work(db: DB) -> Response:
            brand = await actions.decide_brand(
                db,
                vendor_id,
                brand_id,
                authorise=body.decision == "authorise",
                reason=body.reason,
                by=principal.name,
            )
            return json_answer(brand_view(brand))

        return await requests.run(request, principal, work)

    @routes.post(
        "/vendors/{vendor_id}/brands/{brand_id}/end",
        summary="End a brand before its day",
        response_model=BrandView,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "It has ended, or was refused."})),
    )
    async def end_brand(
        request: Request,
        vendor_id: VendorPath,
        brand_id: BrandPath,
        principal: Principal = Depends(require(VENDOR_SCOPE)),
    ) -> Response:
        """Its products are withdrawn."""
        require_own(principal, vendor_id)

        async def work(db: DB) -> Response:
            return json_answer(brand_view(await actions.end_brand(db, vendor_id, brand_id)))

        return await requests.run(request, principal, work)

    return routes
