"""A database restored from an hour ago: noticed, counted, and nothing decided anew in silence."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx

from tests.support.faults.busy_stack import BusyStack
from tests.support.faults.operator import copy_database, execute_as_admin
from tests.support.waiting import until

NOTICED_SECONDS = 30.0
WATCHED_SECONDS = 3.0
FORGOTTEN = 10
"""So many events at least."""


async def test_a_database_from_an_hour_ago(busy: BusyStack) -> None:
    service = "warehouse"
    name = busy.stack.dsns[service].rpartition("/")[2]
    async with busy.fault("database restored from an hour ago", service, "I1 I2 I5 I7", orders=6) as fault:
        await asyncio.to_thread(busy.stack.processes[service].end)
        await copy_database(busy, service, name, f"{name}_old")
        busy.start(service)
        await busy.stack.ready([service])

        async def goes_on() -> bool:
            return await said_since(busy, service, f"{name}_old") >= FORGOTTEN

        await until(goes_on)
        await asyncio.to_thread(busy.stack.processes[service].end)
        forgotten = await said_since(busy, service, f"{name}_old")
        await execute_as_admin(busy, service, f'alter database "{name}" rename to "{name}_now"')
        await execute_as_admin(busy, service, f'alter database "{name}_old" rename to "{name}"')
        busy.start(service)
        fault.happened()
        try:
            cause = await blocked(busy, service)
            assert int(cause.partition(" ")[0]) == forgotten > 0, f"{forgotten} were forgotten: {cause}"
            fault.note(f"unready, and says: {cause}")
            await nothing_is_decided(busy, service)
        finally:  # the stack goes on, also for the tests that follow
            await asyncio.to_thread(busy.stack.processes[service].end)
            await execute_as_admin(busy, service, f'drop database "{name}" with (force)')
            await execute_as_admin(busy, service, f'alter database "{name}_now" rename to "{name}"')
            busy.start(service)
        fault.over()


async def said_since(busy: BusyStack, service: str, old: str) -> int:
    """How many events the service has published that its old database does not know."""
    known = await asyncpg.connect(busy.stack.dsns[service].rpartition("/")[0] + f"/{old}")
    try:
        before = {row["event_id"] for row in await known.fetch("select event_id from outbox")}
    finally:
        await known.close()
    now = await busy.stores.rows(service, "select event_id from outbox where sent_at is not null")
    return len({row["event_id"] for row in now} - before)


async def blocked(busy: BusyStack, service: str) -> str:
    async with asyncio.timeout(NOTICED_SECONDS), httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            try:
                answer = await client.get(f"{busy.stack.internal_urls[service]}/readyz")
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            assert answer.status_code != httpx.codes.OK, "it says that it is ready"
            if cause := answer.json().get("checks", {}).get("blocked"):
                return str(cause)
            await asyncio.sleep(0.2)


async def nothing_is_decided(busy: BusyStack, service: str) -> None:
    """Neither by itself nor when asked."""
    facts = await busy.stores.value(service, "select count(*) from facts")
    key = busy.stack.secrets.api_keys["warehouse"]
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        answer = await client.post(
            f"{busy.stack.urls[service]}/receipts",
            json={"reference": "NEVER", "owner": "cirier-paris", "lines": [{"sku": "BOUGIE-FIGUE", "quantity": 1}]},
            headers={"Authorization": f"Bearer {key}"},
        )
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    await asyncio.sleep(WATCHED_SECONDS)
    assert await busy.stores.value(service, "select count(*) from facts") == facts
