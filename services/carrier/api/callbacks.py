"""Call-backs, `POST /webhooks/laposte`: our own contract.

La Poste offers no parcel webhook. Whoever pushes its events to us (an aggregator, or a relay of our own) signs them as
Standard Webhooks has it, and sends in `data` one envelope in the shape of Suivi v2, with the new events only.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from services.carrier import metrics
from services.carrier.api import signatures
from services.carrier.carriers.laposte.client import NAME
from services.carrier.carriers.laposte.mapping import InvalidEnvelope, read_envelope
from services.carrier.domain.carrier import ParcelEvents
from services.carrier.store.intake import ScanIntake
from shared.http.json_body import refusal
from shared.http.json_reader import VALUES, NotJson, read_told
from shared.http.problems import FieldError, Problem
from shared.http.routes import Route, body_within

TYPE = "shipment.updated"
BODY_BYTES = 64 * 1024
"""Anybody may send one: the sender is not verified until the whole body has been read."""
MAX_EVENTS = 200


def router(intake: ScanIntake, secrets: Sequence[bytes]) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["webhooks"])

    @routes.post(
        "/webhooks/laposte",
        status_code=204,
        response_class=Response,
        openapi_extra={
            "parameters": [
                {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
                for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["type", "data"],
                            "properties": {
                                "type": {"const": TYPE},
                                "timestamp": {"type": "string", "format": "date-time"},
                                "data": {"type": "object", "description": "one Suivi v2 envelope, new events only"},
                            },
                        }
                    }
                },
            },
        },
        responses={
            400: {"description": "not JSON, or not a call-back"},
            401: {"description": "not signed by a known sender, or not just now"},
            413: {"description": "longer than 64 KiB"},
        },
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
                errors=[FieldError(fault.rule, "signature", "Standard Webhooks, at most 5 minutes old")],
            ) from None
        try:
            reported = read_callback(body)
        except Problem:
            metrics.CALL_BACKS.labels("unreadable").inc()
            raise
        new = await intake.keep_callback(NAME, webhook_id, reported.tracking_number, body, reported.events)
        metrics.CALL_BACKS.labels("kept" if new else "repeated").inc()
        return Response(status_code=204)

    return routes


def read_callback(body: bytes) -> ParcelEvents:
    """The parcel and its new events. Raises Problem 400."""
    try:
        callback = read_told(body, values=VALUES)
    except NotJson as fault:
        raise refusal(fault) from None
    if not isinstance(callback, dict):
        raise Problem(400, "not a call-back", errors=[FieldError("body", "object", "the body must be a JSON object")])
    if callback.get("type") != TYPE:
        raise Problem(400, "not a call-back", errors=[FieldError("type", "const", f"must be {TYPE}")])
    data = callback.get("data")
    shipment = data.get("shipment") if isinstance(data, dict) else None
    events = shipment.get("event") if isinstance(shipment, dict) else None
    if isinstance(events, list) and len(events) > MAX_EVENTS:
        rule = FieldError("data.shipment.event", "too_long", f"at most {MAX_EVENTS} events")
        raise Problem(400, "not a call-back", errors=[rule])
    try:
        return read_envelope(data)
    except InvalidEnvelope as fault:
        field = f"data.{fault.field}".rstrip(".")
        raise Problem(400, "not a call-back", errors=[FieldError(field, fault.rule, fault.message)]) from None
