"""A database restored from an hour ago: noticed, counted, and nothing decided anew in silence."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx

from tests.support.faults.field import Field
from tests.support.live import until

NOTICED_SECONDS = 30.0
WATCHED_SECONDS = 3.0
FORGOTTEN = 10
"""So many events at least."""


async def test_a_database_from_an_hour_ago(field: Field) -> None:
    service = "warehouse"
    name = field.stack.dsns[service].rpartition("/")[2]
    async with field.fault("database restored from an hour ago", service, "I1 I2 I5 I7", orders=6, bound=60) as fault:
        await asyncio.to_thread(field.stack.processes[service].end)
        await copy(field, service, name, f"{name}_old")
        field.start(service)
        await field.stack.ready([service])

        async def goes_on() -> bool:
            return await said_since(field, service, f"{name}_old") >= FORGOTTEN

        await until(goes_on)
        await asyncio.to_thread(field.stack.processes[service].end)
        forgotten = await said_since(field, service, f"{name}_old")
        await admin(field, service, f'alter database "{name}" rename to "{name}_now"')
        await admin(field, service, f'alter database "{name}_old" rename to "{name}"')
        field.start(service)
        fault.happened()
        try:
            cause = await blocked(field, service)
            assert int(cause.partition(" ")[0]) == forgotten > 0, f"{forgotten} were forgotten: {cause}"
            fault.note(f"unready, and says: {cause}")
            await nothing_is_decided(field, service)
        finally:  # the stack goes on, also for the tests that follow
            await asyncio.to_thread(field.stack.processes[service].end)
            await admin(field, service, f'drop database "{name}" with (force)')
            await admin(field, service, f'alter database "{name}_now" rename to "{name}"')
            field.start(service)
        fault.over()


async def admin(field: Field, service: str, statement: str) -> None:
    """Needs the database for itself, and the pool of the proxies' connections to be gone."""
    await field.stores.let_go(service)
    connection = await asyncpg.connect(field.stack.servers.admin_dsn)
    try:
        async with asyncio.timeout(15):
            while True:
                try:
                    await connection.execute(statement)
                    return
                except asyncpg.ObjectInUseError:
                    await asyncio.sleep(0.2)
    finally:
        await connection.close()


async def copy(field: Field, service: str, name: str, to: str) -> None:
    await admin(field, service, f'create database "{to}" template "{name}" owner "{name}"')


async def said_since(field: Field, service: str, old: str) -> int:
    """How many events the service has said that its old database does not know."""
    known = await asyncpg.connect(field.stack.dsns[service].rpartition("/")[0] + f"/{old}")
    try:
        before = {row["event_id"] for row in await known.fetch("select event_id from outbox")}
    finally:
        await known.close()
    now = await field.stores.rows(service, "select event_id from outbox where sent_at is not null")
    return len({row["event_id"] for row in now} - before)


async def blocked(field: Field, service: str) -> str:
    async with asyncio.timeout(NOTICED_SECONDS), httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            try:
                answer = await client.get(f"{field.stack.internal_urls[service]}/readyz")
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            assert answer.status_code != httpx.codes.OK, "it says that it is ready"
            if cause := answer.json().get("checks", {}).get("blocked"):
                return str(cause)
            await asyncio.sleep(0.2)


async def nothing_is_decided(field: Field, service: str) -> None:
    """Neither by itself nor when asked."""
    facts = await field.stores.value(service, "select count(*) from facts")
    key = field.stack.secrets.api_keys["warehouse"]
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        answer = await client.post(
            f"{field.stack.urls[service]}/receipts",
            json={"reference": "NEVER", "owner": "cirier-paris", "lines": [{"sku": "BOUGIE-FIGUE", "quantity": 1}]},
            headers={"Authorization": f"Bearer {key}"},
        )
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    await asyncio.sleep(WATCHED_SECONDS)
    assert await field.stores.value(service, "select count(*) from facts") == facts
