"""Events as GS1's REST binding of EPCIS 2.0 asks for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from services.provenance.api.epcis_keys import VENDOR, VERSIONS, vendor_of
from services.provenance.api.resolver import LinkType
from services.provenance.domain.epcis import query_document
from services.provenance.domain.queries import Asked, Things, things_of
from services.provenance.store import queries
from shared.clock import Clock
from shared.faults import Fault
from shared.http.api_keys import Principal, Require
from shared.http.openapi import Node, described, header, problems
from shared.http.paging import BY_ID, Instant, after, cut, link
from shared.http.problems import Problem
from shared.http.routes import Route

PAGE, LARGEST_PAGE = 30, 200
MOST_VALUES = 20
"""Of one parameter."""
TOKEN = "nextPageToken"  # noqa: S105


def _several(value: str) -> str:
    return rf"^{value}(\|{value}){{0,{MOST_VALUES - 1}}}$"


_WORDS, _IDS = _several("[A-Za-z_]{1,60}"), _several(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0")
_EPCS = 4_000
"""Characters of a parameter that names units."""
_DOCUMENT: Node = {
    "responses": {
        "200": {
            "description": "An EPCISQueryDocument, in JSON.",
            "content": {"application/json": {"schema": {"type": "object"}}},
            "headers": {
                **{name: header("Of the standards whose events these are.") for name in VERSIONS},
                "Link": header('The next page, `rel="next"` (RFC 8288); absent on the last.'),
            },
        }
    }
}

_REFUSED = problems(400, because={406: "Events name things by GS1 Digital Links, and in JSON."})


def asked(
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
        Query(alias="MATCH_epc", max_length=_EPCS, description="Units, boxes, or products: all their units."),
    ] = None,
    parents: Annotated[str | None, Query(alias="MATCH_parentID", max_length=_EPCS, description="Boxes.")] = None,
    either: Annotated[
        str | None, Query(alias="MATCH_anyEPC", max_length=_EPCS, description="One or the other.")
    ] = None,
) -> Asked:
    return Asked(
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
    routes = APIRouter(route_class=Route, tags=["events"])
    reader = require("warehouse", VENDOR, "support")

    async def answer(request: Request, principal: Principal, what: Asked, token: str | None, count: int) -> Response:
        vendor, place = vendor_of(principal), after(token, BY_ID, TOKEN)
        async with pool.acquire() as db:
            rows = await queries.find(db, what, vendor, place[0] if place else None, count + 1)
        found, following = cut(rows, count, lambda row: (row.entry,))
        body = query_document([row.event for row in found], clock.now())
        return Response(
            json.dumps(body), media_type="application/json", headers={**VERSIONS, **link(request, following, TOKEN)}
        )

    @routes.get(
        "/events",
        summary="Query events",
        response_class=Response,
        openapi_extra=described(_DOCUMENT, _REFUSED),
    )
    async def query_events(
        request: Request,
        what: Asked = Depends(asked),
        token: Token = None,
        count: Count = PAGE,
        epc_format: Format = None,
        principal: Principal = Depends(reader),
    ) -> Response:
        """Events in the order in which they were written down, as an EPCISQueryDocument. A vendor's key reads those of
        its own products' units, and of no boxes. What was erased is not among them."""
        _require_links(epc_format)
        return await answer(request, principal, what, token, count)

    @routes.get(
        "/epcs/{epc:path}/events",
        summary="Query the events of a unit or a box",
        response_class=Response,
        openapi_extra=described(_DOCUMENT, _REFUSED),
    )
    async def query_epc_events(
        request: Request,
        epc: Annotated[str, Path(max_length=_EPCS, description="An EPC URI or a GS1 Digital Link, percent-encoded.")],
        what: Asked = Depends(asked),
        token: Token = None,
        count: Count = PAGE,
        epc_format: Format = None,
        _link_type: LinkType = None,
        principal: Principal = Depends(reader),
    ) -> Response:
        """As `GET /events` with `MATCH_anyEPC`. Unknown and foreign look the same: no events."""
        _require_links(epc_format)
        if what.any is not None:
            raise Problem(422, "invalid request", errors=[Fault("MATCH_anyEPC", "twice", "The path names it already")])
        return await answer(request, principal, replace(what, any=_things("epc", epc)), token, count)

    return routes


Token = Annotated[str | None, Query(alias=TOKEN, max_length=500, pattern="^[A-Za-z0-9_-]+$")]
Count = Annotated[int, Query(alias="perPage", ge=1, le=LARGEST_PAGE)]
Format = Annotated[str | None, Header(alias="GS1-EPC-Format", max_length=40)]


def _require_links(epc_format: str | None) -> None:
    """Our events name things by GS1 Digital Links, whatever they were told with."""
    if epc_format not in (None, "Always_GS1_Digital_Link", "No_Preference"):
        raise Problem(406, "not acceptable", detail="GS1-EPC-Format: Always_GS1_Digital_Link")


def _split(text: str | None) -> Sequence[str] | None:
    return text.split("|") if text else None


def _things(name: str, text: str | None) -> Things | None:
    if text is None:
        return None
    values = text.split("|")
    things = things_of(values) if len(values) <= MOST_VALUES else None
    if things is None:
        wanted = f"At most {MOST_VALUES} units, boxes or products, as EPC URIs or GS1 Digital Links, | between them"
        raise Problem(422, "invalid request", errors=[Fault(name, "epc", wanted)])
    return things
