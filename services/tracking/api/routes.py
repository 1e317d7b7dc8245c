"""The routes of tracking: the public answer, the document, its stream, and the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Header, Path, Query, Request, Response
from sse_starlette import EventSourceResponse

from services.links import check_secret
from services.tracking import store
from services.tracking.api.page import Pages
from services.tracking.api.streams import StreamResponse, Streams
from services.tracking.api.words import choose_language
from services.tracking.schemas import OrderTracking, PublicTracking
from shared.http.answers import etag_response, uuid_or_404
from shared.http.problems import Problem
from shared.http.rates import TokenBuckets, client_name
from shared.http.routes import Route

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
_TOO_MANY: _Answers = {429: {"description": "Too many; retry after `Retry-After` seconds"}}


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
        summary="Where a parcel is, for anyone who knows its number",
        responses={200: {"model": PublicTracking}, **_NOT_MODIFIED, **_NOT_FOUND, **_TOO_MANY},
    )
    async def public(request: Request, tracking_number: TrackingNumber) -> Response:
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
        summary="The whole document of an order, with its secret",
        responses={200: {"model": OrderTracking}, **_NOT_MODIFIED, **_NOT_FOUND},
    )
    async def detail(
        request: Request, order_id: OrderId, secret: SecretInQuery = None, header: SecretInHeader = None
    ) -> Response:
        _, document = await opened(order_id, header or secret)
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
        last_event: Annotated[
            str | None, Header(alias="Last-Event-ID", description="Tag of the last message received")
        ] = None,
    ) -> Response:
        order, _ = await opened(order_id, header or secret)
        last = last_event or last_event_id
        tag = last if last and _ETAG.fullmatch(last) else None
        return StreamResponse(pool, streams, order, _client(request), tag, _PRIVATE)

    @routes.get("/track/{order_id}", include_in_schema=False)
    async def page(
        request: Request, order_id: OrderId, secret: SecretInQuery = None, lang: str | None = None
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
