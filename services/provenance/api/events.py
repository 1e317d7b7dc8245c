"""Events as GS1's REST binding of EPCIS 2.0 asks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.provenance.api.epcis_headers import READING, SPOKEN, EpcisRoute, add_discovery, require_reader
from services.provenance.api.resolver import LinkType
from services.provenance.domain.epcis import query_document
from services.provenance.domain.queries import EventQuery, Things, things_of
from services.provenance.store import queries
from services.provenance.store.queries import FoundEvent
from services.vendor_keys import VENDOR_SCOPE, vendor_of
from shared.clock import Clock
from shared.faults import Fault
from shared.http.api_keys import Principal, Require
from shared.http.openapi import PAGED, Node, described, problems
from shared.http.paging import BY_ID, Instant, Text, after, cut, link
from shared.http.problems import Problem

PAGE, LARGEST_PAGE = 30, 200
MOST_VALUES = 20
"""Of one parameter."""
TOKEN = "nextPageToken"  # noqa: S105


def _several(value: str) -> str:
    return rf"^{value}(\|{value}){{0,{MOST_VALUES - 1}}}$"


_WORDS, _IDS = _several("[A-Za-z_]{1,60}"), _several(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0")
_EVENT_ID = 200
_EPCS = 4_000
"""Characters of a parameter that names units."""
_DOCUMENT: Node = {
    "responses": {
        "200": {
            "description": "An EPCISQueryDocument, in JSON.",
            "content": {"application/json": {"schema": {"type": "object"}}},
            "headers": SPOKEN,
        }
    }
}
_QUERY = described(_DOCUMENT, PAGED, READING, problems(400))


def event_query(
    kinds: Annotated[str | None, Query(alias="eventType", pattern=_WORDS, description="`|` between several.")] = None,
    actions: Annotated[str | None, Query(alias="EQ_action", pattern=_WORDS)] = None,
    steps: Annotated[str | None, Query(alias="EQ_bizStep", pattern=_WORDS)] = None,
    dispositions: Annotated[str | None, Query(alias="EQ_disposition", pattern=_WORDS)] = None,
    event_ids: Annotated[str | None, Query(alias="EQ_eventID", pattern=_IDS)] = None,
    happened_from: Annotated[Instant | None, Query(alias="GE_eventTime")] = None,
    happened_before: Annotated[Instant | None, Query(alias="LT_eventTime")] = None,
    recorded_from: Annotated[Instant | None, Query(alias="GE_recordTime")] = None,
    recorded_before: Annotated[Instant | None, Query(alias="LT_recordTime")] = None,
    declared: Annotated[bool, Query(alias="EXISTS_errorDeclaration")] = False,
    epcs: Annotated[
        str | None,
        Query(alias="MATCH_epc", max_length=_EPCS, description="Units, boxes, lots, or products: all their units."),
    ] = None,
    parents: Annotated[str | None, Query(alias="MATCH_parentID", max_length=_EPCS, description="Boxes.")] = None,
    either: Annotated[
        str | None, Query(alias="MATCH_anyEPC", max_length=_EPCS, description="One or the other.")
    ] = None,
) -> EventQuery:
    return EventQuery(
        kinds=_split(kinds),
        actions=_split(actions),
        steps=_split(steps),
        dispositions=_split(dispositions),
        event_ids=_split(event_ids),
        happened_from=happened_from,
        happened_before=happened_before,
        recorded_from=recorded_from,
        recorded_before=recorded_before,
        declared=declared,
        epcs=_things("MATCH_epc", epcs),
        parents=_things("MATCH_parentID", parents),
        any=_things("MATCH_anyEPC", either),
    )


def router(require: Require, pool: asyncpg.Pool[asyncpg.Record], clock: Clock) -> APIRouter:
    routes = APIRouter(route_class=EpcisRoute, tags=["events"])
    reader = require("warehouse", VENDOR_SCOPE, "support")

    async def answer(
        request: Request, principal: Principal, query: EventQuery, token: str | None, count: int
    ) -> Response:
        require_reader(request)
        vendor, place = vendor_of(principal), after(token, BY_ID, TOKEN)
        async with pool.acquire() as db:
            rows = await queries.find(db, query, vendor, place[0] if place else None, count + 1)
        page_rows, following = cut(rows, count, lambda row: (row.entry,))
        return shown(page_rows, link(request, following, TOKEN))

    def shown(rows: Sequence[FoundEvent], headers: Mapping[str, str]) -> Response:
        body = query_document([row.event for row in rows], clock.now())
        return Response(json.dumps(body), media_type="application/json", headers=headers)

    @routes.get(
        "/events",
        summary="Query events",
        response_class=Response,
        openapi_extra=_QUERY,
    )
    async def query_events(
        request: Request,
        query: EventQuery = Depends(event_query),
        token: Token = None,
        count: Count = PAGE,
        principal: Principal = Depends(reader),
    ) -> Response:
        """Events in the order in which they were written down, as an EPCISQueryDocument. A vendor's key reads those of
        its own products' units, and of no boxes. What was erased is not among them."""
        return await answer(request, principal, query, token, count)

    @routes.get(
        "/events/{event_id:path}",
        summary="Read an event",
        response_class=Response,
        openapi_extra=described(_DOCUMENT, READING, problems(404)),
    )
    async def get_event(
        request: Request,
        event_id: Annotated[Text, Path(max_length=_EVENT_ID, description="An `eventID`, percent-encoded.")],
        principal: Principal = Depends(reader),
    ) -> Response:
        """The event, and with it every declaration that it was wrong. To a vendor's key an event of another vendor's
        unit, or of a box, is unknown."""
        require_reader(request)
        async with pool.acquire() as db:
            rows = await queries.find(db, EventQuery(event_ids=[event_id]), vendor_of(principal), None, LARGEST_PAGE)
        if not rows:
            raise Problem(404, "not found")
        return shown(rows, {})

    @routes.get(
        "/epcs/{epc:path}/events",
        summary="Query the events of a unit or a box",
        response_class=Response,
        openapi_extra=_QUERY,
    )
    async def query_epc_events(
        request: Request,
        epc: Annotated[str, Path(max_length=_EPCS, description="An EPC URI or a GS1 Digital Link, percent-encoded.")],
        query: EventQuery = Depends(event_query),
        token: Token = None,
        count: Count = PAGE,
        _link_type: LinkType = None,
        principal: Principal = Depends(reader),
    ) -> Response:
        """As `GET /events` with `MATCH_anyEPC`. Unknown and foreign look the same: no events."""
        if query.any is not None:
            raise Problem(422, "invalid request", errors=[Fault("MATCH_anyEPC", "twice", "The path names it already")])
        return await answer(request, principal, replace(query, any=_things("epc", epc)), token, count)

    add_discovery(routes, "/events", "discover_events", "GET, POST", reader)
    add_discovery(routes, "/events/{event_id:path}", "discover_event", "GET", reader)
    add_discovery(routes, "/epcs/{epc:path}/events", "discover_epc_events", "GET", reader)
    return routes


Token = Annotated[str | None, Query(alias=TOKEN, max_length=500, pattern="^[A-Za-z0-9_-]+$")]
Count = Annotated[int, Query(alias="perPage", ge=1, le=LARGEST_PAGE)]


def _split(text: str | None) -> Sequence[str] | None:
    return text.split("|") if text else None


def _things(name: str, text: str | None) -> Things | None:
    if text is None:
        return None
    values = text.split("|")
    things = things_of(values) if len(values) <= MOST_VALUES else None
    if things is None:
        wanted = (
            f"At most {MOST_VALUES} units, boxes, lots or products, as EPC URIs or GS1 Digital Links, | between them"
        )
        raise Problem(422, "invalid request", errors=[Fault(name, "epc", wanted)])
    return things
