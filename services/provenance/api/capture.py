"""Routes that take in events which others report, by GS1's REST binding of EPCIS 2.0: documents, and single events."""

from __future__ import annotations

import json
from typing import Annotated, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.provenance.api.capturing import Capturing, require_json
from services.provenance.api.epcis_headers import READING, SPOKEN, WRITING, EpcisRoute, add_discovery, require_reader
from services.provenance.api.events import PAGE, TOKEN, Count, Token
from services.provenance.domain.capture import MAX_EVENTS
from services.provenance.schemas.epcis import CaptureJobsView, CaptureJobView, EpcisDocumentBody, EventDocumentBody
from services.provenance.store import captures
from services.provenance.store.captures import Job
from services.vendor_keys import VENDOR_SCOPE, vendor_of
from shared.db import DB
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.json_body import read_json
from shared.http.openapi import IDEMPOTENT, PAGED, described, header, header_parameter, problems, request_body
from shared.http.paging import Instant, after, cut, link
from shared.http.problems import FAULTS_NAMED, Problem, field_errors

_TAGS = ("ObjectEvent", "AggregationEvent")
BEHAVIOUR, ROLLBACK = "GS1-Capture-Error-Behaviour", "rollback"
B = TypeVar("B", bound=BaseModel)
_IN_JOBS = TypeAdapter(tuple[Instant, UUID])


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    requests: IdempotentRequests,
    capturing: Capturing,
    body_limit: int,
) -> APIRouter:
    """`body_limit`: bytes of a document."""
    routes = APIRouter(route_class=EpcisRoute, tags=["events"])
    vendor_key = require(VENDOR_SCOPE)

    @routes.post(
        "/capture",
        summary="Tell events",
        status_code=202,
        response_class=Response,
        openapi_extra=described(
            IDEMPOTENT,
            request_body(EpcisDocumentBody),
            WRITING,
            {
                "parameters": [
                    header_parameter(BEHAVIOUR, "Nothing of a document with a fault is taken.", enum=[ROLLBACK])
                ],
                "responses": {
                    "202": {
                        "description": "All of it was taken in.",
                        "headers": {"Location": header("Of the capture job, which is done."), **SPOKEN},
                    },
                },
            },
            problems(
                409,
                because={
                    400: "The document breaks a rule; `errors` names each field and its rule.",
                    415: "EPCIS in XML is not read.",
                },
            ),
        ),
    )
    async def capture_events(request: Request, principal: Principal = Depends(vendor_key)) -> Response:
        """Takes in an EPCISDocument at once, all of it or nothing, and answers as the binding wants it: 202, with a job
        that is done. An event's id is its hash by CBV; the same event again is the same event. An `errorDeclaration`
        keeps the id of what it declares wrong, and both stay. Each event is of one unit; a vendor's are of units of its
        own products. They are shown as said by who told them."""
        require_json(request)
        _require_rollback(request)
        vendor, document = vendor_of(principal), _read(EpcisDocumentBody, await request.body())

        async def work(db: DB) -> Response:
            await capturing.take(db, [event.said() for event in document.epcis_body.event_list], vendor)
            job = Job(uuid4(), principal.name, capturing.clock.now())
            await captures.keep(db, job)
            return Response(status_code=202, headers={"Location": f"/capture/{job.id}"})

        return await requests.run(request, principal, work)

    @routes.post(
        "/events",
        summary="Capture one event",
        status_code=201,
        response_class=Response,
        openapi_extra=described(
            IDEMPOTENT,
            request_body(EventDocumentBody),
            WRITING,
            {
                "responses": {
                    "201": {
                        "description": "It was taken in; the event as it was logged.",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                        "headers": {"Location": header("Of the event."), **SPOKEN},
                    },
                },
            },
            problems(
                because={
                    400: "The event breaks a rule; `errors` names each field and its rule.",
                    409: "The event is known already, or a request with this key is being worked on.",
                    415: "EPCIS in XML is not read.",
                },
            ),
        ),
    )
    async def capture_event(request: Request, principal: Principal = Depends(vendor_key)) -> Response:
        """Takes in one event, by the rules of a document's. One that is known already is refused, whoever told it."""
        require_json(request)
        vendor, body = vendor_of(principal), _read(EventDocumentBody, await request.body())

        async def work(db: DB) -> Response:
            new = await capturing.take_single(db, body.root.said(), vendor)
            if not new:
                raise Problem(409, "the event is known")
            event = new[0].fields
            location = f"/events/{quote(event['eventID'], safe='')}"
            return Response(json.dumps(event), 201, {"Location": location}, "application/json")

        return await requests.run(request, principal, work)

    @routes.get(
        "/capture",
        summary="List capture jobs",
        response_model=CaptureJobsView,
        openapi_extra=described(PAGED, READING, problems(400)),
    )
    async def list_captures(
        request: Request, token: Token = None, count: Count = PAGE, principal: Principal = Depends(vendor_key)
    ) -> Response:
        """The jobs of the last thirty days, the latest first: a vendor's key lists those of its vendor."""
        require_reader(request)
        before = after(token, _IN_JOBS, TOKEN)
        async with pool.acquire() as db:
            rows = await captures.list_jobs(db, _whose(principal), before, count + 1)
        shown, following = cut(rows, count, lambda job: (job.captured_at, job.id))
        jobs = CaptureJobsView(root=tuple(_view(job) for job in shown))
        return json_answer(jobs, headers=link(request, following, TOKEN))

    @routes.get(
        "/capture/{capture_id}",
        summary="Read a capture job",
        response_model=CaptureJobView,
        openapi_extra=described(READING, problems(404)),
    )
    async def get_capture(
        request: Request,
        capture_id: Annotated[UUID, Path(description="Of `Location`.")],
        principal: Principal = Depends(vendor_key),
    ) -> Response:
        """It is done, for a document is taken in before it is answered. It is kept for thirty days."""
        require_reader(request)
        async with pool.acquire() as db:
            job = await captures.find(db, capture_id)
        if job is None or _whose(principal) not in (None, job.principal):
            raise Problem(404, "not found")
        return json_answer(_view(job))

    bounds = {
        BEHAVIOUR: ROLLBACK,
        "GS1-EPCIS-Capture-Limit": str(MAX_EVENTS),
        "GS1-EPCIS-Capture-File-Size-Limit": str(body_limit),
    }
    add_discovery(routes, "/capture", "discover_captures", "GET, POST", vendor_key, bounds)
    add_discovery(routes, "/capture/{capture_id}", "discover_capture", "GET", vendor_key)
    return routes


def _whose(principal: Principal) -> str | None:
    """Whose jobs a key may see; None: everybody's."""
    return principal.name if principal.scope == VENDOR_SCOPE else None


def _view(job: Job) -> CaptureJobView:
    return CaptureJobView(capture_id=job.id, created_at=job.captured_at, finished_at=job.captured_at)


def _require_rollback(request: Request) -> None:
    if request.headers.get(BEHAVIOUR, ROLLBACK) != ROLLBACK:
        fault = Fault(BEHAVIOUR, "enum", f"Must be {ROLLBACK}: all of a document or nothing")
        raise Problem(400, "invalid request", errors=[fault])


def _read(model: type[B], body: bytes) -> B:
    """Raises Problem 400."""
    try:
        return model.model_validate(read_json(body))
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)[:FAULTS_NAMED]
        errors = [{**fault, "loc": tuple(part for part in fault["loc"] if part not in _TAGS)} for fault in faults]
        raise Problem(400, "the document has faults", errors=field_errors(errors)) from None
