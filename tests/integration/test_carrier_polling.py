"""When parcels are polled, and how fast, by two replicas on one database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
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
from services.carrier.carriers.laposte.mapping import GROUP_SIZE
from services.carrier.domain.carrier import Account, ParcelEvents, TryLater, Unreachable
from services.carrier.domain.undeliverable import ReturnOptions, ReturnOptionsAnswer
from services.carrier.settings import Settings
from services.carrier.store import call_rates
from services.carrier.store.intake import Retention, ScanIntake
from services.carrier.tasks.polling import poll
from services.carrier.tasks.return_options import refresh
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
            [s10("CY", serial, "FR") for serial in range(CALLS * GROUP_SIZE)],
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
        assert waiting == CALLS * GROUP_SIZE


async def test_turns_are_never_closer_than_the_rate(fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database("carrier")
    async with asyncpg.create_pool(dsn, min_size=4, max_size=4) as pool:
        began = time.monotonic()
        waits = await asyncio.gather(*(call_rates.reserve(pool, "carrier.x", 2) for _ in range(8)))
        assert max(waits) >= 7 * 0.5 - (time.monotonic() - began)
        assert await call_rates.reserve(pool, "carrier.y", 2) == 0


async def never(*_: object) -> NoReturn:
    raise AssertionError("it is not asked for")


class FaultyCarrier:
    """Answers about every parcel but those at fault, whose requests fail whole."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], fault: Unreachable, *at_fault: str) -> None:
        self._fault = fault
        self._at_fault = set(at_fault)
        self._pool = pool
        self.batches: list[Sequence[str]] = []
        self.quota = Unreachable("suivi:quota", of_all=True)
        self.asked_before_the_quota_ends = 1_000

    async def track(self, numbers: Sequence[str]) -> Sequence[ParcelEvents]:
        self.batches.append(numbers)
        if len(self.batches) > self.asked_before_the_quota_ends:
            raise self.quota
        if self._at_fault.intersection(numbers):
            raise self._fault
        return [ParcelEvents(number, ()) for number in numbers]

    async def poll(self) -> tuple[int, Unreachable | None]:
        """One round."""

        calls = Calls(never, never, self.track, Account("main"), GROUP_SIZE)
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


@pytest.mark.parametrize("places", [(0,), (7,), (0, 15, 24), (0, 1), (0, 1, 10, 11)])
async def test_a_parcel_whose_request_fails_holds_up_no_other(
    fresh_database: FreshDatabase, places: tuple[int, ...]
) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, 25)
        faulty = FaultyCarrier(pool, Unreachable("suivi:http_500"), *(numbers[place] for place in places))
        assert await faulty.poll() == (25, None)
        answered = {number for batch in faulty.batches for number in batch}
        assert answered == set(numbers)
        assert await still_due(pool) == set(), "one that fails alone waits for its time as all others do"


@pytest.mark.parametrize(
    ("fault", "calls"), [(Unreachable("suivi:http_500"), 8), (Unreachable("suivi:quota", of_all=True), 1)]
)
async def test_a_carrier_that_gives_no_answer_is_left_in_peace(
    fresh_database: FreshDatabase, fault: Unreachable, calls: int
) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, 35)
        faulty = FaultyCarrier(pool, fault, *numbers)
        assert await faulty.poll() == (35, fault)
        assert len(faulty.batches) == calls, "two groups, and of each two parcels and the rest"
        assert await still_due(pool) == set(numbers)


async def test_silent_parcels_among_the_first_and_the_rest_cost_the_others_no_turn(
    fresh_database: FreshDatabase,
) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, 10)
        faulty = FaultyCarrier(pool, Unreachable("suivi:http_500"), numbers[0], numbers[1], numbers[5])
        assert (await faulty.poll())[1] is not None
        assert await still_due(pool) == set(numbers)
        assert await faulty.poll() == (10, None)
        assert await still_due(pool) == set(), "the silent ones were behind the others"


@pytest.mark.parametrize("parcels", [1, 11, 21])
async def test_a_failing_parcel_that_is_alone_in_its_group_waits_and_holds_up_no_round(
    fresh_database: FreshDatabase, parcels: int
) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, parcels)
        faulty = FaultyCarrier(pool, Unreachable("suivi:http_500"), numbers[-1])
        assert await faulty.poll() == (parcels, None)
        assert await still_due(pool) == set()


@pytest.mark.parametrize(
    ("fault", "parcels", "due"),
    [
        (Unreachable("suivi:http_500"), 5, 5),  # asked again at once: the round has to wait
        (Unreachable("suivi:http_500"), 11, 10),  # two groups, of which one is a parcel alone
        (Unreachable("suivi:quota", of_all=True), 1, 1),
    ],
)
async def test_a_round_whose_parcels_are_due_again_at_once_returns_the_fault(
    fresh_database: FreshDatabase, fault: Unreachable, parcels: int, due: int
) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, parcels)
        assert await FaultyCarrier(pool, fault, *numbers).poll() == (parcels, fault)
        assert await still_due(pool) == set(numbers[:due])


async def test_a_quota_that_ends_among_single_parcels_ends_the_round(fresh_database: FreshDatabase) -> None:
    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        numbers = await follow(pool, 15)
        faulty = FaultyCarrier(pool, Unreachable("suivi:http_500"), numbers[0])
        faulty.asked_before_the_quota_ends = 5
        assert await faulty.poll() == (15, faulty.quota)
        assert await still_due(pool) == {numbers[0], *numbers[4:]}


async def test_what_a_country_allows_is_kept_over_a_restart_and_a_missing_answer(fresh_database: FreshDatabase) -> None:
    answers: list[ReturnOptionsAnswer] = [ReturnOptions((2, 3)), TryLater("sls:http_500"), ReturnOptions((3,))]
    questions: list[tuple[str, str]] = []

    async def ask(product: str, country: str) -> ReturnOptionsAnswer:
        questions.append((product, country))
        return answers.pop(0)

    async def round_of(pool: asyncpg.Pool[asyncpg.Record]) -> Mapping[tuple[str, str], ReturnOptions]:
        """The first one of a replica that has just started."""
        calls = Calls(never, never, never, Account("main"), ask_returns=ask)
        http = Counterpart(CARRIER.counterpart, httpx.AsyncClient())
        await refresh(pool, Connected(CARRIER, http, calls), Loop("returns.laposte"))
        return calls.returns

    async with asyncpg.create_pool(await fresh_database("carrier"), min_size=1, max_size=2) as pool:
        china = ("DOS", "CN")
        assert await round_of(pool) == {china: ReturnOptions((2, 3))}
        assert await round_of(pool) == {china: ReturnOptions((2, 3))}
        assert questions == [china], "it is not a day old"
        for known in (ReturnOptions((2, 3)), ReturnOptions((3,))):
            await pool.execute("update return_options set told_at = told_at - interval '1 day'")
            assert await round_of(pool) == {china: known}
        assert questions == [china] * 3
