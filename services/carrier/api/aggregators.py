"""Call-backs of aggregators, `POST /webhooks/<carrier>/<aggregator>`: in their own forms, signed in their own ways.

The signature covers the body alone, and no time: a call-back that is sent again, by whomever, is known by the id in it
or by its content, and its scans by themselves.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from services.carrier import metrics
from services.carrier.api.callbacks import BODY_BYTES
from services.carrier.carriers.carrier import Aggregator
from services.carrier.domain.carrier import InvalidReport
from services.carrier.store.intake import CallbackPart, ScanIntake
from shared.faults import Fault
from shared.http.json_body import refusal
from shared.http.json_reader import VALUES, NotJson, read_leniently
from shared.http.openapi import Node, described, header_parameter, problems
from shared.http.problems import Problem
from shared.http.routes import RequestRoute, body_within

SIGNATURE_LENGTH = 128
"""Characters of the header that holds the signature."""
SHORTEST_SECRET = 16


def secrets_of(setting: str) -> tuple[str, ...]:
    """The secrets of `one,another`. ValueError, without the text, when one is too short."""
    secrets = tuple(filter(None, (part.strip() for part in setting.split(","))))
    if any(len(secret) < SHORTEST_SECRET for secret in secrets):
        raise ValueError(f"an aggregator's secret has at least {SHORTEST_SECRET} characters")
    return secrets


def is_signed(aggregator: Aggregator, secrets: Sequence[str], given: str, body: bytes) -> bool:
    """Whether one of these secrets signed this body. All are compared, so that the time taken reveals nothing of
    them."""
    matches = [hmac.compare_digest(aggregator.signature(secret, body).encode(), given.encode()) for secret in secrets]
    return any(matches)


def router(intake: ScanIntake, carrier: str, aggregator: Aggregator, secrets: Sequence[str]) -> APIRouter:
    routes = APIRouter(route_class=RequestRoute, tags=["call-backs"])
    name = aggregator.name
    signed: Node = {
        "parameters": [
            header_parameter(aggregator.header, "Its signature of the body.", required=True, maxLength=SIGNATURE_LENGTH)
        ]
    }
    schema = {
        "title": f"{carrier.capitalize()}{name.capitalize()}Callback",
        "type": "object",
        "description": aggregator.described,
    }
    body_schema: Node = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

    def unsigned() -> Problem:
        metrics.CALL_BACKS.labels(aggregator.header).inc()
        return Problem(401, "not signed", errors=[Fault(aggregator.header, "signature", "of the body, by its secret")])

    def unreadable(field: str, rule: str, message: str) -> Problem:
        metrics.CALL_BACKS.labels("unreadable").inc()
        return Problem(400, "not a call-back", errors=[Fault(field, rule, message)])

    @routes.post(
        f"/webhooks/{carrier}/{name}",
        name=f"receive_{carrier}_{name}_callback",
        summary="Take a call-back of an aggregator",
        status_code=204,
        response_class=Response,
        openapi_extra=described(
            signed,
            body_schema,
            problems(
                because={
                    400: "It is no JSON, or no call-back; it would be the same again.",
                    401: "It is not signed by a known secret. Nothing was stored.",
                    413: "It is longer than 64 KiB.",
                }
            ),
        ),
    )
    async def receive(request: Request) -> Response:
        """Takes a call-back. 204 once it is stored durably; a repeated one is answered the same."""
        given = request.headers.get(aggregator.header, "")
        if not given or len(given) > SIGNATURE_LENGTH or not secrets:
            raise unsigned()
        body = await body_within(request, BODY_BYTES)
        if not is_signed(aggregator, secrets, given, body):
            raise unsigned()
        try:
            callback = read_leniently(body, values=VALUES)
        except NotJson as fault:
            metrics.CALL_BACKS.labels("unreadable").inc()
            raise refusal(fault) from None
        if not isinstance(callback, dict):
            raise unreadable("body", "object", "the body must be a JSON object")
        try:
            reported = aggregator.read(callback)
        except InvalidReport as fault:
            raise unreadable(fault.field, fault.rule, fault.message) from None
        if reported is None:
            metrics.CALL_BACKS.labels("ignored").inc()
            return Response(status_code=204)
        event_id = aggregator.event_id(callback) or f"sha256:{hashlib.sha256(body).hexdigest()}"
        new = await intake.keep_callback(carrier, f"{name}:{event_id}", [CallbackPart(body, reported)])
        metrics.CALL_BACKS.labels("kept" if new else "repeated").inc()
        return Response(status_code=204)

    return routes
