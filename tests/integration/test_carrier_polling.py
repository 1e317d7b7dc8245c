"""When parcels are polled, and how fast, by two replicas on one database."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import partial

import asyncpg
import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.app import create
from sandbox.laposte.s10 import s10
from sandbox.settings import SandboxSettings
from services.carrier.carriers.carrier import Connected
from services.carrier.carriers.laposte import CARRIER
from services.carrier.settings import Settings
from services.carrier.store import call_rates
from services.carrier.store.intake import Retention, ScanIntake
from services.carrier.tasks.polling import poll
from shared.http.client import Counterpart
from shared.loop import Loop
from shared.sealing import Seal
from tests.support.databases import FreshDatabase
from tests.support.http_server import serving

CALLS_PER_SECOND = 20.0
CALLS = 40


class Counted:
    """The outside world, counting the calls to Suivi that reach it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += "/suivi/" in scope.get("path", "")
        await self._app(scope, receive, send)


async def test_two_replicas_keep_the_rate_of_one_contract(fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database("carrier")
    world = Counted(create(SandboxSettings(), lambda: datetime.now(UTC)))
    async with (
        serving(world) as outside,
        asyncpg.create_pool(dsn, min_size=1, max_size=2) as first,
        asyncpg.create_pool(dsn, min_size=1, max_size=2) as second,
        httpx.AsyncClient() as http,
    ):
        await first.execute(
            """insert into followed_parcels (order_id, parcel, carrier, tracking_number, state, scans)
               select gen_random_uuid(), 1, 'laposte', number, 'handed_over', 0 from unnest($1::text[]) as number""",
            [s10("CY", serial, "FR") for serial in range(CALLS * CARRIER.group_size)],
        )
        settings = Settings(
            laposte_suivi_url=f"{outside}/laposte/suivi/v2", suivi_calls_per_second=CALLS_PER_SECOND, okapi_key="okapi"
        )
        began = time.monotonic()

        async def replica(pool: asyncpg.Pool[asyncpg.Record]) -> None:
            la_poste = Counterpart(CARRIER.counterpart, http, partial(call_rates.wait, pool, CARRIER.counterpart))
            connected = Connected(CARRIER, la_poste, CARRIER.connect(settings, settings.sender(), la_poste))
            intake = ScanIntake(pool, Seal({"v1": bytes(32)}), Retention(raw_scans=30, callbacks=4))
            while (await poll(pool, connected, intake, 3600, Loop("poll.laposte")))[0]:
                pass

        await asyncio.gather(replica(first), replica(second))
        elapsed = time.monotonic() - began
        assert world.calls == CALLS
        assert world.calls <= 1 + CALLS_PER_SECOND * elapsed
        waiting = await first.fetchval("select count(*) from followed_parcels where poll_at > now()")
        assert waiting == CALLS * CARRIER.group_size


async def test_turns_are_never_closer_than_the_rate(fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database("carrier")
    async with asyncpg.create_pool(dsn, min_size=4, max_size=4) as pool:
        began = time.monotonic()
        waits = await asyncio.gather(*(call_rates.reserve(pool, "carrier.x", 2) for _ in range(8)))
        assert max(waits) >= 7 * 0.5 - (time.monotonic() - began)
        assert await call_rates.reserve(pool, "carrier.y", 2) == 0
