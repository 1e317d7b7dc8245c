"""Keys of persons: what support may do and may not, and who read a person's data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from sandbox.local.servers import Servers
from services.persons import reads
from services.persons.facts import AS_PLACED
from services.persons.records import Persons
from shared.operations.migrate import migrate
from shared.operations.provision import keep_api_key
from tests.support.databases import FreshDatabase
from tests.support.orders_service import OrdersService, orders_service


@pytest.fixture(scope="module")
async def orders(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[OrdersService]:
    async with orders_service(servers, fresh_database) as running:
        async with running.platform.pool.acquire() as db:
            await keep_api_key(db, key="key-of-anna", name="anna", scope="support")
        yield running


async def test_support_reads_what_operators_read(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    for path in ("/orders", f"/orders/{order}", "/cases", "/standing", "/status", f"/why/{order}", "/dead-letters"):
        assert (await orders.get(path, "anna")).status_code == 200, path


async def test_support_answers_but_neither_erases_nor_pauses_nor_places(orders: OrdersService) -> None:
    order = (await orders.placed())["id"]
    assert (
        await orders.post(f"/orders/{order}/cases/none/resolution", {"resolution": "looked_into"}, "anna")
    ).status_code == 404
    refused = [
        await orders.delete(f"/orders/{order}/person", "anna"),
        await orders.get(f"/orders/{order}/person/reads", "anna"),
        await orders.post("/counterparts/persons/pause", None, "anna"),
        await orders.post("/dead-letters/1/replay", None, "anna"),
        await orders.post(f"/orders/{order}/cancel", None, "anna"),
        await orders.post("/orders", {}, "anna"),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)


async def test_every_reading_of_a_persons_data_says_who_asked(orders: OrdersService) -> None:
    order_id = UUID((await orders.placed())["id"])
    async with orders.platform.pool.acquire() as db:
        assert await Persons.of(orders.platform.settings).contact(db, order_id, AS_PLACED, "label")
        await reads.record(db, [order_id], "label", "parcel 1", "packer")
    shown = (await orders.get(f"/orders/{order_id}/person/reads", "ops")).json()["reads"]
    assert [(read["part"], read["purpose"], read["asked_by"]) for read in shown] == [
        ("label", "parcel 1", "packer"),
        ("contact", "label", "(service)"),
    ]
    page = (await orders.get(f"/orders/{order_id}/person/reads?limit=1", "ops")).json()
    assert [read["part"] for read in page["reads"]] == ["label"]
    page = (await orders.get(f"/orders/{order_id}/person/reads?limit=1&cursor={page['next']}", "ops")).json()
    assert ([read["part"] for read in page["reads"]], page["next"]) == (["contact"], None)


async def test_a_database_of_before_takes_the_keys_of_services_and_pauses_of_operations(
    fresh_database: FreshDatabase,
) -> None:
    dsn = await fresh_database("orders")
    database = await asyncpg.connect(dsn)
    try:
        await database.execute(
            """alter table api_keys drop constraint api_keys_scope_check;
               alter table api_keys add check (scope in ('marketplace', 'warehouse', 'support', 'operator'));
               drop table paused_kinds, operation_pauses;
               update alembic_version set version_num = 'orders_0002'"""
        )
        with pytest.raises(asyncpg.CheckViolationError):
            await keep_api_key(database, key="key-of-orders", name="orders", scope="service")
        await asyncio.to_thread(migrate, "orders", dsn)
        await keep_api_key(database, key="key-of-orders", name="orders", scope="service")
        assert await database.fetchval("select count(*) from paused_kinds, operation_pauses") == 0
    finally:
        await database.close()


@pytest.mark.parametrize(
    "change", ["update person_reads set asked_by = 'nobody'", "delete from person_reads", "truncate person_reads"]
)
async def test_the_record_of_readings_takes_no_change(orders: OrdersService, change: str) -> None:
    order_id = UUID((await orders.placed())["id"])
    async with orders.platform.pool.acquire() as db:
        await reads.record(db, [order_id], "label", "parcel 1", "packer")
        with pytest.raises(asyncpg.RaiseError, match="person_reads is append-only"):
            await db.execute(change)
