"""The routes of tracking: the public answer, the document, its stream, and the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.links import check_secret
from services.paths import OrderTextPath
from services.tracking import store
from services.tracking.api.page import Pages
from services.tracking.api.streams import StreamResponse, Streams
from services.tracking.api.words import choose_language
from services.tracking.schemas import OrderTracking, PublicTracking
from shared.http.answers import etag_response, uuid_or_404
from shared.http.openapi import CONDITIONAL, Node, described, problems
from shared.http.problems import Problem
from shared.http.rates import TokenBuckets, client_name
from shared.http.routes import Route

_NUMBER = re.compile(r"[A-Z0-9]{8,35}")
_ETAG = re.compile(r"[0-9a-f]{32}")
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}

TrackingNumber = Annotated[str, Path(description="The carrier's number of the parcel, as printed on its label.")]
SecretInQuery = Annotated[
    str | None, Query(max_length=200, description="The order's secret, for whom `X-Tracking-Secret` does not suit.")
]
SecretInHeader = Annotated[
    str | None, Header(alias="X-Tracking-Secret", description="The order's secret, out of its `tracking_url`.")
]

_NOT_YOURS = problems(because={404: "There is no such order, or the secret is not its."})
_STREAM: Node = {
    "responses": {
        "200": {
            "description": "Server-sent events: `data` is an `OrderTracking` in JSON, `id` its entity tag.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }
}


def not_found() -> Problem:
    """The same answer for what is unknown and for what the client may not see."""
    return Problem(404, "not found")


def _client(request: Request) -> str:
    return client_name(request.client.host if request.client else None)


def router(
    pool: asyncpg.Pool[asyncpg.Record],
    link_keys: Mapping[str, bytes],
    look_ups: TokenBuckets,
    streams: Streams,
    pages: Pages,
) -> APIRouter:
    """The routes. `look_ups`: how often a client may ask for tracking numbers, which can be guessed."""
    routes = APIRouter(route_class=Route, tags=["tracking"])

    async def opened(order_id: str, secret: str | None) -> tuple[UUID, store.StoredDocument]:
        """The order that this secret opens, with its document. Raises `not_found` for everything else."""
        order = uuid_or_404(order_id)
        if not secret or not check_secret(link_keys, order, secret):
            raise not_found()
        document = await store.document(pool, order)
        if document is None:
            raise not_found()
        return order, document

    @routes.get(
        "/tracking/{tracking_number}",
        summary="Read where a parcel is",
        response_model=PublicTracking,
        openapi_extra=described(CONDITIONAL, problems(429, because={404: "No parcel has such a number."})),
    )
    async def get_parcel_tracking(request: Request, tracking_number: TrackingNumber) -> Response:
        """The status of a parcel, for anyone who knows its number, and nothing else about it."""
        if seconds := look_ups.take(_client(request)):
            raise Problem(429, "too many requests", headers={"Retry-After": str(seconds)})
        if not _NUMBER.fullmatch(tracking_number):
            raise not_found()
        status = await store.public_status(pool, tracking_number)
        if status is None:
            raise not_found()
        answer = PublicTracking.model_validate(status, from_attributes=True)
        return etag_response(request, answer.model_dump_json(exclude_none=True).encode(), "application/json")

    @routes.get(
        "/orders/{order_id}/tracking",
        summary="Read where an order is",
        response_model=OrderTracking,
        openapi_extra=described(CONDITIONAL, _NOT_YOURS),
    )
    async def get_order_tracking(
        request: Request, order_id: OrderTextPath, secret: SecretInQuery = None, header: SecretInHeader = None
    ) -> Response:
        """All about where an order is, for whoever has its secret: no personal data and no price."""
        _, document = await opened(order_id, header or secret)
        return etag_response(request, document.body, "application/json", _PRIVATE)

    @routes.get(
        "/orders/{order_id}/tracking/stream",
        summary="Follow where an order is",
        response_class=Response,
        openapi_extra=described(
            _STREAM,
            _NOT_YOURS,
            problems(because={429: "Too many streams are open; try again after `Retry-After`."}),
        ),
    )
    async def stream_order_tracking(
        request: Request,
        order_id: OrderTextPath,
        secret: SecretInQuery = None,
        header: SecretInHeader = None,
        last_event_id: Annotated[str | None, Query(description="As the header `Last-Event-ID`.")] = None,
        last_event: Annotated[
            str | None, Header(alias="Last-Event-ID", description="The `id` of the last event received.")
        ] = None,
    ) -> Response:
        """The same as server-sent events: now, unless it is that of the last event received, and after every change."""
        order, _ = await opened(order_id, header or secret)
        last = last_event or last_event_id
        tag = last if last and _ETAG.fullmatch(last) else None
        return StreamResponse(pool, streams, order, _client(request), tag, _PRIVATE)

    @routes.get("/track/{order_id}", include_in_schema=False)
    async def page(
        request: Request, order_id: OrderTextPath, secret: SecretInQuery = None, lang: str | None = None
    ) -> Response:
        accepted = request.headers.get("accept-language", "")
        try:
            _, document = await opened(order_id, secret)
        except Problem:
            return Response(pages.not_found(choose_language(lang, accepted)), 404, pages.headers, "text/html")
        order = OrderTracking.model_validate_json(document.body)
        language = choose_language(lang, accepted, order.language)
        body = pages.order(order, document.etag, language, secret or "")
        return etag_response(request, body, "text/html", {**pages.headers, "Content-Language": language})

    return routes
