"""A vendor's keys: made, rotated and ended by the vendor itself."""

from __future__ import annotations

import hashlib
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response

from services.makers.api.ownership import VendorPath, require_own
from services.makers.api.vendor_keys import DAY, KeyPublishing, make_key
from services.makers.schemas.vendors import KeyBody, KeysView, KeyView, NewKeyView
from services.vendor_keys import VENDOR_SCOPE, key_name
from shared.db import DB
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, described, problems
from shared.http.problems import Problem
from shared.http.routes import Route
from shared.operations.api_keys import SHOWN, end_key, hashed_keys, list_keys

MOST_KEYS, MOST_WITH_ENDED = 20, 100
"""Keys of a vendor that work, and these with those that ended within a day: other services keep each."""
KeyPath = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="The first 12 digits of the key's SHA-256.")]


def router(
    require: Require, pool: asyncpg.Pool[asyncpg.Record], requests: IdempotentRequests, publishing: KeyPublishing
) -> APIRouter:
    vendor_alone, vendor_or_operator = require(VENDOR_SCOPE, operators=False), require(VENDOR_SCOPE)
    routes = APIRouter(route_class=Route, tags=["keys"])

    @routes.get("/vendors/{vendor_id}/keys", summary="List a vendor's keys", response_model=KeysView)
    async def list_vendor_keys(vendor_id: VendorPath, principal: Principal = Depends(vendor_or_operator)) -> Response:
        """Those that work, by the beginning of their SHA-256; none of a vendor that is not there."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            keys = await list_keys(db, key_name(vendor_id))
        return json_answer(KeysView(keys=tuple(KeyView(id=key.id, ends_at=key.not_after) for key in keys)))

    @routes.post(
        "/vendors/{vendor_id}/keys",
        summary="Make a key",
        status_code=201,
        response_model=NewKeyView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(
                404,
                because={
                    409: f"There are {MOST_KEYS} already, or {MOST_WITH_ENDED} with those that ended within a day."
                },
            ),
        ),
    )
    async def make_vendor_key(
        request: Request, vendor_id: VendorPath, body: KeyBody, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """A key of the vendor, shown once. With `replaces` the other one ends, after the overlap. The other services
        let it in once they have read of it."""
        require_own(principal, vendor_id)

        async def work(db: DB) -> Response:
            name = key_name(vendor_id)
            if body.replaces is not None and await end_key(db, body.replaces, body.overlap_hours, name) is None:
                raise _no_key()
            if len(await list_keys(db, name)) >= MOST_KEYS:
                raise Problem(409, "too many keys", detail=f"at most {MOST_KEYS}; end one first")
            if len(await hashed_keys(db, VENDOR_SCOPE, DAY, name)) >= MOST_WITH_ENDED:
                raise Problem(409, "too many keys in a day", detail=f"at most {MOST_WITH_ENDED}")
            key = await make_key(db, vendor_id)
            await publishing.publish(db, vendor_id)
            shown = hashlib.sha256(key.encode()).hexdigest()[:SHOWN]
            return json_answer(NewKeyView(id=shown, ends_at=None, key=key), 201)

        return await requests.run(request, principal, work)

    @routes.delete(
        "/vendors/{vendor_id}/keys/{key_id}",
        summary="End a key",
        status_code=204,
        response_class=Response,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "A request with this key is being worked on."})
        ),
    )
    async def end_vendor_key(
        request: Request, vendor_id: VendorPath, key_id: KeyPath, principal: Principal = Depends(vendor_or_operator)
    ) -> Response:
        """It works for ten seconds more at the most; at the other services, once they have read of its end."""
        require_own(principal, vendor_id)

        async def work(db: DB) -> Response:
            if await end_key(db, key_id, 0, key_name(vendor_id)) is None:
                raise _no_key()
            await publishing.publish(db, vendor_id)
            return Response(status_code=204)

        return await requests.run(request, principal, work)

    return routes


def _no_key() -> Problem:
    return Problem(404, "no such key")
