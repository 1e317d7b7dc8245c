"""Events that others tell, as GS1's REST binding of EPCIS 2.0 takes them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ValidationError

from services.provenance.api.epcis_keys import VENDOR, VERSIONS, vendor_of
from services.provenance.domain.capture import OPERATOR, Captured, Said, judge, new_of
from services.provenance.handlers import EventSigner
from services.provenance.schemas.epcis import CaptureJobView, EpcisDocumentBody
from services.provenance.store import captures, gtins
from services.provenance.store import events as events_table
from services.provenance.store.captures import Job
from shared.clock import Clock
from shared.db import DB
from shared.faults import Fault
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.json_body import read_json
from shared.http.openapi import IDEMPOTENT, described, header, header_parameter, problems, request_body
from shared.http.problems import FAULTS_NAMED, Problem, field_errors
from shared.http.routes import Route

_TAGS = ("ObjectEvent", "AggregationEvent")
ROLLBACK = "rollback"


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    requests: IdempotentRequests,
    clock: Clock,
    signer: EventSigner,
) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["events"])
    vendor_key = require(VENDOR)

    @routes.post(
        "/capture",
        summary="Tell events",
        status_code=202,
        response_class=Response,
        openapi_extra=described(
            IDEMPOTENT,
            request_body(EpcisDocumentBody),
            {
                "parameters": [
                    header_parameter(
                        "GS1-Capture-Error-Behaviour", "Nothing of a document with a fault is taken.", enum=[ROLLBACK]
                    )
                ],
                "responses": {
                    "202": {
                        "description": "All of it was taken in.",
                        "headers": {
                            "Location": header("Of the capture job, which is done."),
                            **{name: header("Of the standards that are read.") for name in VERSIONS},
                        },
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
        _require_form(request)
        vendor, now = vendor_of(principal), clock.now()
        said = _read(await request.body())

        async def work(db: DB) -> Response:
            by = OPERATOR if vendor is None else f"{VENDOR}:{await gtins.owner(db, vendor)}"
            captured = _judged([judge(one, signer.place, now, by) for one in said])
            if vendor is not None:  # and of one of which no product is known
                await _require_own(db, vendor, captured)
            await events_table.lock_units(db, {one.unit for one in captured})
            known = await captures.known(db, {one.identity.event_id for one in captured})
            told = await captures.said_of(db, {one.unit for one in captured})
            new, faults = new_of(captured, known, told, by)
            _refuse(faults)
            await signer.sign(db, new)
            job = Job(uuid4(), principal.name, now)
            await captures.keep(db, job)
            return Response(status_code=202, headers={"Location": f"/capture/{job.id}", **VERSIONS})

        return await requests.run(request, principal, work)

    @routes.get(
        "/capture/{capture_id}",
        summary="Read a capture job",
        response_model=CaptureJobView,
        openapi_extra=described(problems(404)),
    )
    async def get_capture(
        capture_id: Annotated[UUID, Path(description="Of `Location`.")], principal: Principal = Depends(vendor_key)
    ) -> Response:
        """It is done, for a document is taken in before it is answered. It is kept for thirty days."""
        async with pool.acquire() as db:
            job = await captures.find(db, capture_id)
        if job is None or (principal.scope == VENDOR and job.principal != principal.name):
            raise Problem(404, "not found")
        view = CaptureJobView(capture_id=job.id, created_at=job.at, finished_at=job.at)
        return json_answer(view, headers=VERSIONS)

    return routes


def _require_form(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/ld+json"):
        raise Problem(415, "unsupported media type", detail="application/json or application/ld+json")
    if request.headers.get("gs1-capture-error-behaviour", ROLLBACK) != ROLLBACK:
        fault = Fault("GS1-Capture-Error-Behaviour", "enum", f"Must be {ROLLBACK}: all of a document or nothing")
        raise Problem(400, "invalid request", errors=[fault])


def _read(body: bytes) -> list[Said]:
    try:
        document = EpcisDocumentBody.model_validate(read_json(body))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:FAULTS_NAMED]
        errors = [{**one, "loc": tuple(part for part in one["loc"] if part not in _TAGS)} for one in found]
        raise Problem(400, "the document has faults", errors=field_errors(errors)) from None
    return [event.said() for event in document.epcis_body.event_list]


def _judged(events: Sequence[Captured | list[Fault]]) -> list[Captured]:
    faults: list[Fault] = []
    captured: list[Captured] = []
    for number, one in enumerate(events):
        if isinstance(one, Captured):
            captured.append(one)
        else:
            faults += [Fault(f"{_field(number)}.{fault.field}", fault.rule, fault.message) for fault in one]
    _refuse(faults)
    return captured


async def _require_own(db: DB, vendor: UUID, captured: Sequence[Captured]) -> None:
    own = await gtins.of_vendor(db, vendor, {one.unit.gtin for one in captured})
    _refuse(
        [
            Fault(f"{_field(number)}.{one.epc_field}", "own_product", "Must be a unit of one of the vendor's products")
            for number, one in enumerate(captured)
            if one.unit.gtin not in own
        ]
    )


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise Problem(400, "the document has faults", errors=faults[:FAULTS_NAMED])


def _field(number: int) -> str:
    return f"epcisBody.eventList[{number}]"
