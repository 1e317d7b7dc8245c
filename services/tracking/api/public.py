"""The answer for anyone who knows a tracking number: in JSON, which any site's script may read, and as a page."""

from __future__ import annotations

import re
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Path, Request, Response

from services.pages.words import choose_language
from services.tracking import store
from services.tracking.api.page import Pages
from services.tracking.schemas import PublicTracking
from services.tracking_numbers import as_printed
from shared.http.answers import etag_response
from shared.http.openapi import CONDITIONAL, described, problems
from shared.http.problems import Problem
from shared.http.rates import TokenBuckets, client_of
from shared.http.routes import HeadedRoute, Route

_NUMBER = re.compile(r"[A-Z0-9]{8,35}")
_JSON, _PAGE = "/tracking/{tracking_number}", "/track/parcels/{tracking_number}"
CROSS_ORIGIN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Retry-After"}
"""For scripts of any site, without credentials: what they may read."""
_PREFLIGHT = {
    **CROSS_ORIGIN,
    "Allow": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}

TrackingNumber = Annotated[str, Path(description="The carrier's number of the parcel, as printed on its label.")]


class CrossOriginRoute(HeadedRoute):
    """A route whose answers, and problems, scripts of any site may read."""

    headers = CROSS_ORIGIN


def not_found() -> Problem:
    """The same answer for an unknown number and for one that the client may not see."""
    return Problem(404, "not found")


def router(pool: asyncpg.Pool[asyncpg.Record], look_ups: TokenBuckets) -> APIRouter:
    """The public answer. `look_ups`: how often a client may ask for tracking numbers, which can be guessed."""
    routes = APIRouter(route_class=CrossOriginRoute, tags=["tracking"])

    @routes.get(
        _JSON,
        summary="Read where a parcel is",
        response_model=PublicTracking,
        openapi_extra=described(CONDITIONAL, problems(429, because={404: "No parcel has such a number."})),
    )
    async def get_parcel_tracking(request: Request, tracking_number: TrackingNumber) -> Response:
        """The status of a parcel, for anyone who knows its number, and nothing else about it."""
        answer = await _look_up(pool, look_ups, request, tracking_number)
        return etag_response(request, answer.model_dump_json(exclude_defaults=True).encode(), "application/json")

    async def preflight(tracking_number: TrackingNumber) -> Response:
        """The same for every number: what a browser asks before its script may ask."""
        return Response(status_code=204, headers=_PREFLIGHT)

    routes.add_api_route(_JSON, get_parcel_tracking, methods=["HEAD"], include_in_schema=False)
    routes.add_api_route(_JSON, preflight, methods=["OPTIONS"], include_in_schema=False)
    return routes


def page_router(pool: asyncpg.Pool[asyncpg.Record], look_ups: TokenBuckets, pages: Pages) -> APIRouter:
    """The same as a page, which can be shared: it holds no secret."""
    routes = APIRouter(route_class=Route)

    @routes.api_route(_PAGE, methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request, tracking_number: TrackingNumber, lang: str | None = None) -> Response:
        language = choose_language(lang, request.headers.get("accept-language", ""))
        headers = {**pages.headers, "Content-Language": language}
        try:
            parcel = await _look_up(pool, look_ups, request, tracking_number)
        except Problem as problem:
            body = pages.parcel_not_found(language)
            return Response(body, problem.status, {**headers, **problem.headers}, "text/html")
        number = as_printed(tracking_number)
        body = pages.parcel(number, parcel, language, await store.public_carrier(pool, number))
        return etag_response(request, body, "text/html", headers)

    return routes


async def _look_up(
    pool: asyncpg.Pool[asyncpg.Record], look_ups: TokenBuckets, request: Request, tracking_number: str
) -> PublicTracking:
    """The public answer about the parcel with this number. Raises Problem 404 or 429."""
    if seconds := look_ups.take(client_of(request)):
        raise Problem(429, "too many requests", headers={"Retry-After": str(seconds)})
    number = as_printed(tracking_number)
    if not _NUMBER.fullmatch(number):
        raise not_found()
    status = await store.public_status(pool, number)
    if status is None:
        raise not_found()
    return PublicTracking.model_validate(status, from_attributes=True)
