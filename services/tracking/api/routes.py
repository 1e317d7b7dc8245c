"""The routes that an order's secret opens: the document, its stream, and the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Header, Query, Request, Response

from services.links import check_secret
from services.pages.words import choose_language
from services.paths import OrderTextPath
from services.tracking import store
from services.tracking.api.page import Pages
from services.tracking.api.public import not_found
from services.tracking.api.streams import StreamResponse, Streams
from services.tracking.schemas import OrderTracking
from shared.clock import Clock
from shared.http.answers import etag_response, uuid_or_404
from shared.http.openapi import CONDITIONAL, Node, described, problems
from shared.http.problems import Problem
from shared.http.rates import client_of
from shared.http.routes import Route

_ETAG = re.compile(r"[0-9a-f]{32}")
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}

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


def router(
    pool: asyncpg.Pool[asyncpg.Record],
    link_keys: Mapping[str, bytes],
    clock: Clock,
    streams: Streams,
    pages: Pages,
) -> APIRouter:
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
        return StreamResponse(pool, streams, order, client_of(request), tag, _PRIVATE)

    routes.add_api_route("/orders/{order_id}/tracking", get_order_tracking, methods=["HEAD"], include_in_schema=False)

    @routes.api_route("/track/{order_id}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(
        request: Request, order_id: OrderTextPath, secret: SecretInQuery = None, lang: str | None = None
    ) -> Response:
        accepted = request.headers.get("accept-language", "")
        try:
            _, document = await opened(order_id, secret)
        except Problem:
            return Response(pages.not_found(choose_language(lang, accepted)), 404, pages.headers, "text/html")
        # A replica of the next version may have written it, with fields that are not known here.
        order = OrderTracking.model_validate_json(document.body, extra="ignore")
        language = choose_language(lang, accepted, order.language)
        body = pages.order(order, document.etag, language, secret or "", clock.now())
        return etag_response(request, body, "text/html", {**pages.headers, "Content-Language": language})

    return routes
