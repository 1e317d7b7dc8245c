"""A tracking service on a real PostgreSQL, and its callers."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from contracts.base import Event
from services.links import link_keys_of, link_secret
from services.tracking.api.streams import Streams
from services.tracking.main import service
from services.tracking.settings import Settings
from shared.loop import Loop
from shared.platform import Platform, build_app, connected
from tests.support.tracking_orders import label, packed, placed, scan


@dataclass
class TrackingService:
    platform: Platform
    streams: Streams
    app: FastAPI
    http: httpx.AsyncClient

    async def consume(self, *events: Event) -> None:
        """As the consumer does with a batch."""
        async with self.platform.ledger.transaction() as db:
            await self.platform.ledger.record(db, consumed=events)

    def secret(self, order: UUID) -> str:
        return link_secret(link_keys_of(self.platform.settings), order)

    async def shipped(self, parcels: int = 1) -> UUID:
        """An order with labels, each parcel scanned once."""
        order = uuid4()
        await self.consume(
            placed(order),
            packed(order, parcels),
            *(label(order, n) for n in range(1, parcels + 1)),
            *(scan(order, "PC1", "accepted", 24, n) for n in range(1, parcels + 1)),
        )
        return order


@asynccontextmanager
async def tracking_service(dsn: str, **changes: int) -> AsyncIterator[TrackingService]:
    keys = f"v2:{base64.b64encode(b'2' * 32).decode()},v1:{base64.b64encode(b'1' * 32).decode()}"
    settings = Settings(database_url=SecretStr(dsn), link_keys=SecretStr(keys)).model_copy(update=changes)
    async with connected(service, settings) as (platform, wired):
        app = build_app(platform, wired)
        (listen,) = wired.tasks
        _, streams = listen.run.args  # type: ignore[attr-defined]  # those of the partial
        listening = asyncio.ensure_future(listen.run(Loop("listen")))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tracking") as http:
            yield TrackingService(platform, streams, app, http)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
