"""Call-backs of carriers, `POST /webhooks/<carrier>`: our own contract.

Whoever pushes a carrier's events to us (La Poste offers no parcel webhook: an aggregator, or a relay of our own) signs
them as Standard Webhooks has it. What `data` is, is the carrier's.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from standardwebhooks import Webhook

from services.carrier import metrics
from services.carrier.api import signatures
from services.carrier.carriers.carrier import Callbacks
from services.carrier.domain.carrier import InvalidReport, ParcelEvents
from services.carrier.store.intake import CallbackPart, ScanIntake
from shared.faults import Fault
from shared.http.json_body import refusal
from shared.http.json_reader import VALUES, NotJson, read_leniently
from shared.http.openapi import Node, described, header_parameter, problems
from shared.http.problems import Problem
from shared.http.routes import RequestRoute, body_within

TYPE = "shipment.updated"
BODY_BYTES = 64 * 1024
"""Bytes of a body. Anybody may send one: the sender is not verified until the whole body has been read."""


def _whole(form: re.Pattern[str]) -> str:
    return f"^{form.pattern}$"


_SIGNED: Node = {
    "parameters": [
        header_parameter(
            "webhook-id",
            "Unique to the call-back, and the same whenever it is sent again.",
            required=True,
            pattern=_whole(signatures.ID),
        ),
        header_parameter(
            "webhook-timestamp",
            "When it is sent: seconds since 1970, within five minutes of ours.",
            required=True,
            pattern=_whole(signatures.TIMESTAMP),
        ),
        header_parameter(
            "webhook-signature",
            "One or more signatures as Standard Webhooks has them, with spaces in between.",
            required=True,
            minLength=1,
            maxLength=signatures.SIGNATURES_LENGTH,
        ),
    ]
}


def _body(carrier: str, callbacks: Callbacks) -> Node:
    """The schema of the body in OpenAPI; a sender may add fields."""
    name = f"{carrier.capitalize()}Callback"
    several: Node = {"type": "array", "minItems": 1, "maxItems": callbacks.most, "items": {"type": "object"}}
    data: Node = {"title": f"{name}Data", "description": callbacks.described, "oneOf": [{"type": "object"}, several]}
    schema = {
        "title": name,
        "description": f"New events of parcels, as {carrier} or who sends in its place reports them.",
        "type": "object",
        "required": ["type", "data"],
        "properties": {
            "type": {"const": TYPE},
            "timestamp": {"type": "string", "format": "date-time", "description": "When the sender made it."},
            "data": {"$ref": f"#/$defs/{name}Data"},
        },
        "$defs": {f"{name}Data": data},
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def router(intake: ScanIntake, carrier: str, callbacks: Callbacks, secrets: Sequence[Webhook]) -> APIRouter:
    routes = APIRouter(route_class=RequestRoute, tags=["call-backs"])

    @routes.post(
        f"/webhooks/{carrier}",
        name=f"receive_{carrier}_callback",
        summary="Take a call-back of the carrier",
        status_code=204,
        response_class=Response,
        openapi_extra=described(
            _SIGNED,
            _body(carrier, callbacks),
            problems(
                because={
                    400: "It is no JSON, or no call-back; it would be the same again.",
                    401: "It is not signed by a known sender, or not just now. Nothing was stored.",
                    413: "It is longer than 64 KiB.",
                }
            ),
        ),
    )
    async def receive(request: Request) -> Response:
        """Takes a call-back. 204 once it is stored durably; a repeated `webhook-id` is answered the same."""
        try:
            signed = signatures.SignatureHeaders.of(request.headers, time.time())
            body = await body_within(request, BODY_BYTES)
            webhook_id = signed.verify(body, secrets)
        except signatures.InvalidSignature as fault:
            metrics.CALL_BACKS.labels(fault.rule).inc()
            raise Problem(
                401,
                "not signed",
                errors=[Fault(fault.rule, "signature", "Standard Webhooks, at most 5 minutes old")],
            ) from None
        except NotJson as fault:
            metrics.CALL_BACKS.labels("unreadable").inc()
            raise refusal(fault) from None
        try:
            parts = read_callback(body, callbacks)
        except Problem:
            metrics.CALL_BACKS.labels("unreadable").inc()
            raise
        new = await intake.keep_callback(carrier, webhook_id, parts)
        metrics.CALL_BACKS.labels("kept" if new else "repeated").inc()
        return Response(status_code=204)

    return routes


def read_callback(body: bytes, callbacks: Callbacks) -> list[CallbackPart]:
    """The parcels and their new events. Raises Problem 400."""
    try:
        callback = read_leniently(body, values=VALUES)
    except NotJson as fault:
        raise refusal(fault) from None
    if not isinstance(callback, dict):
        raise Problem(400, "not a call-back", errors=[Fault("body", "object", "the body must be a JSON object")])
    if callback.get("type") != TYPE:
        raise Problem(400, "not a call-back", errors=[Fault("type", "const", f"must be {TYPE}")])
    data = callback.get("data")
    if not isinstance(data, list):
        return [CallbackPart(body, _reported(callbacks, data, "data"))]
    if not 1 <= len(data) <= callbacks.most:
        raise Problem(400, "not a call-back", errors=[Fault("data", "items", f"1 to {callbacks.most} of them")])
    return [
        CallbackPart(json.dumps(item, separators=(",", ":")).encode(), _reported(callbacks, item, f"data[{n}]"))
        for n, item in enumerate(data)
    ]


def _reported(callbacks: Callbacks, data: Any, place: str) -> ParcelEvents:
    try:
        return callbacks.read(data)
    except InvalidReport as fault:
        field = f"{place}.{fault.field}".rstrip(".")
        raise Problem(400, "not a call-back", errors=[Fault(field, fault.rule, fault.message)]) from None
