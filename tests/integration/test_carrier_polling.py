"""When parcels are polled, and how fast, by two replicas on one database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

import asyncpg
import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.app import create
from sandbox.laposte.s10 import s10
from sandbox.settings import SandboxSettings
from services.carrier.carriers.carrier import Calls, Connected
from services.carrier.carriers.laposte import CARRIER
from services.carrier.domain.carrier import Account, ParcelEvents, Unreachable
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


class FaultyCarrier:
    """Answers about every parcel but those at fault, whose requests fail whole."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], fault: Unreachable, *at_fault: str) -> None:
        self._fault = fault
        self._at_fault = set(at_fault)
        self._pool = pool
        self.asked: list[Sequence[str]] = []
        self.quota = Unreachable("suivi:quota", of_all=True)
        self.asked_before_the_quota_ends = 1_000

    async def track(self, numbers: Sequence[str]) -> Sequence[ParcelEvents]:
        self.asked.append(numbers)
        if len(self.asked) > self.asked_before_the_quota_ends:
            raise self.quota
        if self._at_fault.intersection(numbers):
            raise self._fault
        return [ParcelEvents(number, ()) for number in numbers]

    async def poll(self) -> tuple[int, Unreachable | None]:
        """One round."""

        async def never(*_: object) -> NoReturn:
            raise AssertionError("no label is asked for")

        calls = Calls(never, never, self.track, Account("main"))
        connected = Connected(CARRIER, Counterpart(CARRIER.counterpart, httpx.AsyncClient()), calls)
        intake = ScanIntake(self._pool, Seal({"v1": bytes(32)}), Retention(raw_scans=30, callbacks=4))
        return await poll(self._pool, connected, intake, 3600, Loop("poll.laposte"))


async def follow(pool: asyncpg.Pool[asyncpg.Record], parcels: int) -> list[str]:
    """So many parcels are due, one after another."""
    numbers = [s10("CY", serial, "FR") for serial in range(parcels)]
    await pool.execute(
        """insert into followed_parcels (order_id, parcel, carrier, tracking_number, state, scans, poll_at)
           select gen_random_uuid(), 1, 'laposte', number, 'handed_over', 0, now() - interval '1 day' / place
           from unnest($1::text[]) with ordinality as p (number, place)""",
        numbers,
    )
    return numbers


async def still_due(pool: asyncpg.Pool[asyncpg.Record]) -> set[str]:
    rows = await pool.fetch("select tracking_number from followed_parcels where poll_at <= now()")
    return {row["tracking_number"] for row in rows}


@pytest.mark.parametrize("places", [(0,), (7,), (0, 15, 24)])
async def test_a_parcel_whose_request_fails_holds_up_no_other(
    fresh_database: FreshDatabase, places: tuple[int, ...]
) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, 25)
        faulty = FaultyCarrier(pool, Unreachable("suivi:http_500"), *(numbers[place] for place in places))
        assert await faulty.poll() == (25, None)
        answered = {number for asked in faulty.asked for number in asked}
        assert answered == set(numbers)
        assert await still_due(pool) == set(), "one that fails alone waits for its time as all others do"


@pytest.mark.parametrize(
    ("fault", "calls"), [(Unreachable("suivi:http_500"), 6), (Unreachable("suivi:quota", of_all=True), 1)]
)
async def test_a_carrier_that_gives_no_answer_is_left_in_peace(
    fresh_database: FreshDatabase, fault: Unreachable, calls: int
) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, 35)
        faulty = FaultyCarrier(pool, fault, *numbers)
        assert await faulty.poll() == (35, fault)
        assert len(faulty.asked) == calls, "two groups, and two parcels of each"
        assert await still_due(pool) == set(numbers)


async def test_a_quota_that_ends_among_single_parcels_ends_the_round(fresh_database: FreshDatabase) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, 15)
        faulty = FaultyCarrier(pool, Unreachable("suivi:http_500"), numbers[0])
        faulty.asked_before_the_quota_ends = 5
        assert await faulty.poll() == (15, faulty.quota)
        assert await still_due(pool) == {numbers[0], *numbers[4:]}
