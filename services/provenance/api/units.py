"""What was logged of a unit, for anyone who holds it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ValidationError

from contracts.warehouse import UnitKey
from services.provenance.api.limits import limited
from services.provenance.api.resolver import AnybodysRoute, LinkType
from services.provenance.domain.bundles import TooLarge
from services.provenance.domain.epcis import Place
from services.provenance.store.bundles import bundle_of
from services.provenance.tasks.log import Log
from shared.http.answers import etag_response
from shared.http.openapi import CONDITIONAL, described, problems
from shared.http.problems import Problem
from shared.http.rates import TokenBuckets

_BUNDLE = {
    "responses": {
        "200": {"description": "A bundle, in JSON.", "content": {"application/json": {"schema": {"type": "object"}}}}
    }
}


def router(log: Log, place: Place, look_ups: TokenBuckets) -> APIRouter:
    """`look_ups`: how often a client may ask for units, so that nobody tries serials one after another."""
    routes = APIRouter(route_class=AnybodysRoute, tags=["units"])

    @routes.get(
        "/units/{gtin}/{serial:path}/bundle",
        summary="Read a unit's bundle",
        response_class=Response,
        dependencies=[Depends(limited(look_ups))],
        openapi_extra=described(
            _BUNDLE,
            CONDITIONAL,
            problems(429, because={404: "Nothing is proven of such a unit.", 409: "It has more than a bundle holds."}),
        ),
    )
    async def get_bundle(
        request: Request,
        gtin: Annotated[str, Path(description="GTIN in 14 digits.")],
        serial: Annotated[str, Path(description="AI 21, percent-encoded.")],
        _link_type: LinkType = None,
    ) -> Response:
        """All that shows what was logged of the unit, under one checkpoint that a quorum of the witnesses has signed.
        Unknown and erased look the same, and so does what is not proven yet."""
        try:
            unit = UnitKey(gtin=gtin, serial=serial)
        except ValidationError:
            raise Problem(404, "not found") from None
        checkpoint = await log.proven()
        try:
            data = await bundle_of(log.pool, log.id, checkpoint, place, unit) if checkpoint else None
        except TooLarge:
            raise Problem(409, "too much for one bundle") from None
        if data is None:
            raise Problem(404, "not found")
        return etag_response(request, data)

    return routes
