"""`POST /webhooks/laposte` by others: one transaction a call, and a signature check that stores nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from services.carrier.api import signatures
from services.carrier.api.callbacks import read_callback
from services.carrier.carriers.laposte import CALLBACKS, CARRIER, codes
from services.carrier.domain.scans import KnownScan, scan_fact
from services.carrier.main import service
from services.carrier.settings import Settings
from services.carrier.store import callbacks, scans
from services.carrier.store.callbacks import Callback
from services.carrier.store.intake import sealed_scans
from services.carrier.store.scans import RawScan
from shared.db import DB
from shared.platform import Platform, Service

NAME = CARRIER.name


def peer(platform: Platform) -> Service:
    """`carrier`, but for its call-backs: each is stored and published in a transaction of its own."""
    settings = platform.settings
    assert isinstance(settings, Settings)
    secrets = signatures.secrets_of(settings.webhook_secrets.get_secret_value())
    routes = APIRouter()

    @routes.post("/webhooks/laposte", status_code=204)
    async def receive(request: Request) -> Response:
        body = await request.body()
        webhook_id = signatures.SignatureHeaders.of(request.headers, time.time()).verify(body, secrets)
        (part,) = read_callback(body, CALLBACKS)
        reported = part.reported
        async with platform.ledger.transaction() as db:
            callback = Callback(
                NAME, webhook_id, reported.tracking_number, platform.seal.seal(body, f"callback:{NAME}:{webhook_id}")
            )
            if await callbacks.save(db, [callback], settings.callback_days):
                raw = sealed_scans(NAME, "webhook", reported.events, platform.seal)
                await scans.save(db, raw, settings.raw_scan_days)
                await _publish(platform, db, reported.tracking_number, raw)
        return Response(status_code=204)

    made = service(platform)
    return replace(made, routers=(routes, *made.routers))


async def _publish(platform: Platform, db: DB, number: str, raw: list[RawScan]) -> None:
    label = await db.fetchrow(
        "select order_id, parcel from labels where carrier = $1 and tracking_number = $2 and used", NAME, number
    )
    if label is None:
        return
    known = [
        KnownScan(
            carrier=NAME,
            tracking_number=number,
            source=scan.source,
            digest=scan.digest,
            code=scan.code,
            scanned_at=scan.scanned_at,
            utc_offset_minutes=scan.utc_offset_minutes,
            country=scan.country,
            order_id=label["order_id"],
            parcel=label["parcel"],
        )
        for scan in raw
        if scan.code is not None and scan.scanned_at is not None
    ]
    await platform.ledger.publish(db, [scan_fact(scan, codes.read(scan.code, scan.country)) for scan in known])
    await scans.mark_processed(db, known, {})


def bare(settings: Settings) -> Any:
    """An ASGI application that checks the signature and answers."""
    secrets = signatures.secrets_of(settings.webhook_secrets.get_secret_value())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status = 200
        if scope["path"] != "/readyz":
            try:
                signatures.SignatureHeaders.of(headers, time.time()).verify(body, secrets)
                status = 204
            except signatures.InvalidSignature:
                status = 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return app
