"""Call-backs of carriers, `POST /webhooks/<carrier>`: our own contract.

Whoever pushes a carrier's events to us (La Poste offers no parcel webhook: an aggregator, or a relay of our own) signs
them as Standard Webhooks has it. What `data` is, is the carrier's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from services.carrier import metrics
from services.carrier.api import signatures
from services.carrier.carriers.carrier import Callbacks
from services.carrier.domain.carrier import InvalidReport, ParcelEvents
from services.carrier.store.intake import ScanIntake
from shared.http.json_body import refusal
from shared.http.json_reader import VALUES, NotJson, read_told
from shared.http.problems import FieldError, Problem
from shared.http.routes import RequestRoute, body_within

TYPE = "shipment.updated"
BODY_BYTES = 64 * 1024
"""Anybody may send one: the sender is not verified until the whole body has been read."""


def router(intake: ScanIntake, carrier: str, callbacks: Callbacks, secrets: Sequence[bytes]) -> APIRouter:
    routes = APIRouter(route_class=RequestRoute, tags=["webhooks"])

    @routes.post(
        f"/webhooks/{carrier}",
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
                                "data": {"type": "object", "description": callbacks.described},
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
            reported = read_callback(body, callbacks)
        except Problem:
            metrics.CALL_BACKS.labels("unreadable").inc()
            raise
        new = await intake.keep_callback(carrier, webhook_id, reported.tracking_number, body, reported.events)
        metrics.CALL_BACKS.labels("kept" if new else "repeated").inc()
        return Response(status_code=204)

    return routes


def read_callback(body: bytes, callbacks: Callbacks) -> ParcelEvents:
    """The parcel and its new events. Raises Problem 400."""
    try:
        callback = read_told(body, values=VALUES)
    except NotJson as fault:
        raise refusal(fault) from None
    if not isinstance(callback, dict):
        raise Problem(400, "not a call-back", errors=[FieldError("body", "object", "the body must be a JSON object")])
    if callback.get("type") != TYPE:
        raise Problem(400, "not a call-back", errors=[FieldError("type", "const", f"must be {TYPE}")])
    try:
        return callbacks.read(callback.get("data"))
    except InvalidReport as fault:
        field = f"data.{fault.field}".rstrip(".")
        raise Problem(400, "not a call-back", errors=[FieldError(field, fault.rule, fault.message)]) from None
