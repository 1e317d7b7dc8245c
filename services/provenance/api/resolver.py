"""GS1 Digital Links resolved: from the code on a label to the page, the linkset or what else there is of the thing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

import asyncpg
from fastapi import APIRouter, Query, Request, Response

from services.pages.words import choose_language
from services.provenance.api.page import Pages
from services.provenance.domain.digital_links import DigitalLink
from services.provenance.domain.log_events import LotKey
from services.provenance.domain.resolver import (
    CONTEXT,
    DEFAULT,
    HTML,
    JSON,
    Level,
    Link,
    description,
    levels_of,
    link_type_of,
    linkset,
    of_type,
    page_of,
    read_request,
)
from services.provenance.store import catalogue, lots, way
from services.provenance.store.catalogue import Shown
from shared.http.accept import preferred
from shared.http.openapi import Node
from shared.http.problems import Problem
from shared.http.rates import TokenBuckets, client_of
from shared.http.routes import HeadedRoute, Route

LINKSET, LINKED_DATA, PROBLEM = "application/linkset+json", "application/ld+json", "application/problem+json"
LISTS = ("linkset", "all")
"""Link types that ask for all links; the standard has `all` for older clients."""
METHODS = ("GET", "HEAD", "OPTIONS")
ANYBODY = {"Access-Control-Allow-Origin": "*"}
"""Scripts of any page may read the answer."""


class AnybodysRoute(HeadedRoute):
    """A route whose answers, and problems, scripts of any page may read."""

    headers = ANYBODY


LinkType = Annotated[
    str | None,
    Query(alias="linkType", max_length=200, description="As the resolver passes it on; it changes nothing here."),
]
"""A parameter of the routes to which the resolver leads."""
_HEADERS = {
    **ANYBODY,
    "Access-Control-Expose-Headers": "Link, Location",
    "Cache-Control": "no-cache",
    "Vary": "Accept, Accept-Language",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": "Accept, Accept-Language",
    "Access-Control-Max-Age": "86400",
    "Allow": ", ".join(METHODS),
}
_CONTEXT = {"Link": f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="{LINKED_DATA}"'}
_DESCRIPTION: Node = {
    "responses": {
        "200": {
            "description": "By GS1's schema of the file.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    }
}


def router(pool: asyncpg.Pool[asyncpg.Record], root: str, look_ups: TokenBuckets, pages: Pages) -> APIRouter:
    """`root`: where links lead, `https://id.example`. `look_ups`: how often a client may ask for units, whose serials
    can be tried."""
    routes = APIRouter(route_class=Route, tags=["resolver"])
    described = json.dumps(description(root))

    @routes.get(
        "/.well-known/gs1resolver",
        summary="Read what the resolver says of itself",
        response_class=Response,
        openapi_extra=_DESCRIPTION,
    )
    async def get_resolver_description() -> Response:
        """The resolver description file: which GS1 keys and link types it knows."""
        return Response(described, media_type="application/json", headers=ANYBODY)

    @routes.api_route("/01/{path:path}", methods=list(METHODS), include_in_schema=False)
    async def resolve(request: Request, path: str) -> Response:
        link = read_request(request.scope["raw_path"].decode("ascii", "replace"))
        headers = {**_HEADERS, **(_to_linkset(root, link) if link else {})}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={**headers, **_PREFLIGHT})
        if seconds := look_ups.take(client_of(request)):
            return _refused(request, 429, "too_many", {**_HEADERS, "Retry-After": str(seconds)})
        if link is None:
            return _refused(request, 400, "bad_link", _HEADERS)
        levels = await _known_levels(link)
        if not levels:
            return _refused(request, 404, "not_found", _HEADERS)
        accept, wanted = request.headers.get("accept", ""), request.query_params.get("linkType", "")
        if wanted in LISTS or preferred(accept, (HTML, LINKSET)) == LINKSET:
            return _linkset_answer(levels, accept)
        if not wanted or link_type_of(wanted) == DEFAULT:
            return _redirect(request, root + page_of(link), headers)
        links = of_type(levels, link_type_of(wanted) or "")
        if not links:
            return _refused(request, 404, "no_link", headers)
        return _redirect(request, _best(request, links).href, headers)

    async def _known_levels(link: DigitalLink) -> Sequence[Level]:
        async with pool.acquire() as db:
            shown = await catalogue.of_gtin(db, link.gtin)
            known = link.unit is not None and await way.is_known(db, link.unit)
            lot = link.lot is not None and bool(await lots.first_dates(db, LotKey(gtin=link.gtin, lot=link.lot)))
        return levels_of(link, root, _name(shown), known, lot=lot)

    def _refused(request: Request, status: int, text: str, headers: dict[str, str]) -> Response:
        """A problem for programs, a page for whoever would rather have one."""
        if preferred(request.headers.get("accept", ""), (PROBLEM, HTML)) == PROBLEM:
            return Problem(status, _TITLES[text], headers=headers).response()
        language = choose_language(None, request.headers.get("accept-language", ""))
        page = {**pages.headers, **headers, "Content-Language": language}
        return Response(pages.says(text, language), status, page, HTML)

    def _redirect(request: Request, href: str, headers: dict[str, str]) -> Response:
        """To this target, with the request's whole query. A client that came by another name than ours stays there."""
        query = request.scope["query_string"].decode("latin-1")
        target = f"{href}{'&' if '?' in href else '?'}{query}" if query else href
        if request.headers.get("host", "").lower() != urlsplit(root).netloc.lower():
            target = target.removeprefix(root)
        return Response(status_code=307, headers={**headers, "Location": target})

    return routes


_TITLES = {
    "too_many": "too many requests",
    "bad_link": "no GS1 Digital Link",
    "not_found": "not found",
    "no_link": "no link of this type",
}


def _to_linkset(root: str, link: DigitalLink) -> dict[str, str]:
    return {"Link": f'<{root}{link.path}?linkType=linkset>; rel="linkset"; type="{LINKSET}"'}


def _linkset_answer(levels: Sequence[Level], accept: str) -> Response:
    """All links, in JSON, or in JSON-LD with its context."""
    kind = preferred(accept, (LINKSET, JSON, LINKED_DATA))
    body = {"@context": CONTEXT, **linkset(levels)} if kind == LINKED_DATA else linkset(levels)
    return Response(json.dumps(body), media_type=kind, headers={**_HEADERS, **_CONTEXT})


def _best(request: Request, links: Sequence[Link]) -> Link:
    """By media type, then by language. Where nothing decides: a page before JSON, and English."""
    kinds = [link.media_type for link in links if link.media_type]
    kind = preferred(request.headers.get("accept", ""), kinds)
    alike = [link for link in links if link.media_type == kind]
    language = choose_language(None, request.headers.get("accept-language", ""))
    return next((link for link in alike if link.language == language), alike[0])


def _name(shown: Shown | None) -> str | None:
    if shown is None:
        return None
    return shown.product.names.en if shown.product.names else shown.product.sku
