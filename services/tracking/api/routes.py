"""The HTTP interface: the public answer, the document, its stream, and the page."""

import re
import time
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from sse_starlette import EventSourceResponse

from services.tracking import store
from services.tracking.api.page import Pages
from services.tracking.api.streams import StreamResponse, Streams
from services.tracking.api.words import choose
from services.tracking.schemas import OrderTracking, PublicTracking
from shared.http.answers import etag_response
from shared.http.problems import Problem
from shared.http.rates import TokenBuckets, client_name
from shared.http.routes import Route
from shared.links import check_secret
from shared.platform import Platform

_NUMBER = re.compile(r"[A-Z0-9]{8,35}")
_ETAG = re.compile(r"[0-9a-f]{32}")
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}

TrackingNumber = Annotated[str, Path(description="The carrier's number, as printed on the label")]
OrderId = Annotated[str, Path(description="The order's id, a UUID")]
SecretInQuery = Annotated[str | None, Query(max_length=200, description="The order's secret")]
SecretInHeader = Annotated[str | None, Header(alias="X-Tracking-Secret", description="The same, kept out of addresses")]

_Answers: TypeAlias = dict[int | str, dict[str, Any]]
_NOT_FOUND: _Answers = {404: {"description": "Unknown, or not yours: the same answer"}}
_NOT_MODIFIED: _Answers = {304: {"description": "What `If-None-Match` names is still current"}}
_TOO_MANY: _Answers = {429: {"description": "Too many; ask again after `Retry-After` seconds"}}


def not_found() -> Problem:
    """The one answer for all that is unknown or not the asker's."""
    return Problem(404, "not found")


def router(platform: Platform, streams: Streams, pages: Pages, *, rate: float, burst: int) -> APIRouter:
    """The routes. `rate` and `burst`: how often a client may ask for tracking numbers, which can be guessed."""
    routes = APIRouter(route_class=Route, tags=["tracking"])
    buckets = TokenBuckets(rate, burst, time.monotonic)

    def opened(order_id: str, *secrets: str | None) -> UUID:
        secret = next((item for item in secrets if item), None)
        try:
            known = UUID(order_id)
        except ValueError:
            raise not_found() from None
        if secret is None or not check_secret(platform.link_keys, known, secret):
            raise not_found()
        return known

    @routes.get(
        "/tracking/{tracking_number}",
        summary="Where a parcel is, for anyone who knows its number",
        responses={200: {"model": PublicTracking}, **_NOT_MODIFIED, **_NOT_FOUND, **_TOO_MANY},
    )
    async def public(request: Request, tracking_number: TrackingNumber) -> Response:
        if wait := buckets.take(client_name(request.client.host if request.client else None)):
            raise Problem(429, "too many requests", headers={"Retry-After": str(wait)})
        if not _NUMBER.fullmatch(tracking_number):
            raise not_found()
        seen = await store.sight(platform.pool, tracking_number)
        if seen is None:
            raise not_found()
        answer = PublicTracking.model_validate(seen, from_attributes=True)
        return etag_response(request, answer.model_dump_json(exclude_none=True).encode(), "application/json")

    @routes.get(
        "/orders/{order_id}/tracking",
        summary="The whole document of an order, with its secret",
        responses={200: {"model": OrderTracking}, **_NOT_MODIFIED, **_NOT_FOUND},
    )
    async def detail(
        request: Request, order_id: OrderId, secret: SecretInQuery = None, header: SecretInHeader = None
    ) -> Response:
        document = await store.document(platform.pool, opened(order_id, header, secret))
        if document is None:
            raise not_found()
        return etag_response(request, document.body, "application/json", _PRIVATE)

    @routes.get(
        "/orders/{order_id}/tracking/stream",
        summary="The document now and after every change, as server-sent events",
        response_class=EventSourceResponse,
        responses={
            200: {"content": {"text/event-stream": {}}, "description": "`data` is the document, `id` its entity tag"},
            **_NOT_FOUND,
            **_TOO_MANY,
        },
    )
    async def stream(
        request: Request,
        order_id: OrderId,
        secret: SecretInQuery = None,
        header: SecretInHeader = None,
        last_event_id: Annotated[str | None, Query(description="As the header `Last-Event-ID`")] = None,
        last_event: Annotated[str | None, Header(alias="Last-Event-ID", description="The tag of what is known")] = None,
    ) -> Response:
        known = opened(order_id, header, secret)
        if await store.document(platform.pool, known) is None:
            raise not_found()
        client = client_name(request.client.host if request.client else None)
        last = last_event or last_event_id
        tag = last if last and _ETAG.fullmatch(last) else None
        return StreamResponse(platform.pool, streams, known, client, tag, _PRIVATE)

    @routes.get("/track/{order_id}", include_in_schema=False)
    async def page(
        request: Request, order_id: OrderId, secret: SecretInQuery = None, lang: str | None = None
    ) -> Response:
        accepted = request.headers.get("accept-language", "")
        try:
            document = await store.document(platform.pool, opened(order_id, secret))
        except Problem:
            document = None
        if document is None:
            language = choose(lang, accepted)
            return Response(pages.not_found(language), 404, pages.headers, "text/html")
        tracking = OrderTracking.model_validate_json(document.body)
        language = choose(lang, accepted, tracking.language)
        body = pages.order(tracking, document.etag, language, secret or "")
        return etag_response(request, body, "text/html", {**pages.headers, "Content-Language": language})

    return routes
