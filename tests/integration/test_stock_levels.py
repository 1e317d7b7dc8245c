"""Stock levels on their topic: a consumer keeps the newest of each SKU, also after a restore of the warehouse."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from contracts.base import STOCK, Event
from contracts.topics import STOCK_LEVELS
from contracts.warehouse import StockLevel
from sandbox.local.servers import Broker, Servers
from services.warehouse import main
from services.warehouse.settings import Settings
from services.warehouse.tasks import publish_levels
from shared.db import DB
from shared.ledger.rules import StreamKind
from shared.operations.provision import add_api_key
from shared.platform import Platform, Service, connected, restore_of, running
from shared.settings import PlatformSettings
from tests.support.databases import FreshDatabase, copy_database
from tests.support.streams_shop import new_database
from tests.support.waiting import until
from tests.support.warehouse_service import NOW, OWNER, product_body

KEY = SecretStr(base64.b64encode(bytes(32)).decode())


async def keep_newest(db: DB, levels: Sequence[Event]) -> None:
    """As any consumer of levels does."""
    for level in levels:
        assert isinstance(level, StockLevel)
        await db.execute(
            """insert into told (sku, sequence, available, reserved, blocked) values ($1, $2, $3, $4, $5)
               on conflict (sku) do update set sequence = excluded.sequence, available = excluded.available,
                   reserved = excluded.reserved, blocked = excluded.blocked
               where told.sequence < excluded.sequence""",
            level.sku,
            level.sequence,
            level.available,
            level.reserved,
            level.blocked,
        )


def reader(_: Platform) -> Service:
    kinds = (StreamKind(STOCK, latest=keep_newest),)
    name = f"levels-{os.getpid()}"
    return Service(name, consumes=(STOCK_LEVELS,), subscriptions=(StockLevel,), kinds=kinds)


async def published_levels(platform: Platform, sku: str) -> tuple[int, int, int] | None:
    row = await platform.pool.fetchrow("select available, reserved, blocked from told where sku = $1", sku)
    return None if row is None else (row["available"], row["reserved"], row["blocked"])


class Goods:
    def __init__(self, app: Any, sku: str) -> None:
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://warehouse",
            headers={"Authorization": "Bearer key-of-the-packer"},
        )
        self.sku = sku

    async def receive(self, units: int) -> None:
        put = await self._http.put(f"/products/{self.sku}", json=product_body())
        assert put.status_code in (200, 201), put.text
        body = {"reference": f"R-{uuid4()}", "owner": OWNER, "lines": [{"sku": self.sku, "quantity": units}]}
        assert (await self._http.post("/receipts", json=body)).status_code == 201


@pytest.mark.slow
async def test_a_consumer_keeps_the_newest_level_also_after_a_restore_of_the_warehouse(
    servers: Servers, fresh_database: FreshDatabase, own_broker: Broker
) -> None:
    """On a broker of its own: restarted, a warehouse takes what others wrote on its topics for its own."""
    dsn, readers, sku = await fresh_database("warehouse"), await new_database(servers), f"S-{uuid4().hex[:8].upper()}"
    await add_api_key(dsn, key="key-of-the-packer", name="packer", scope="warehouse")
    db = await asyncpg.connect(readers)
    await db.execute(
        """create table told (sku text primary key, sequence bigint not null, available bigint not null,
                              reserved bigint not null, blocked bigint not null)"""
    )
    await db.close()

    def of_warehouse(database: str) -> Settings:
        return Settings(
            database_url=SecretStr(database),
            kafka_bootstrap=own_broker.bootstrap,
            storage_key=KEY,
            database_pool=12,
        )

    reading = PlatformSettings(
        database_url=SecretStr(readers), kafka_bootstrap=own_broker.bootstrap, storage_key=KEY, database_pool=5
    )
    copy = f"{dsn}_copy"
    async with running(reader, reading) as (levels, _):
        async with running(main.service, of_warehouse(dsn)) as (_, app):
            await Goods(app, sku).receive(3)
            await until(lambda: _is(levels, sku, (3, 0, 0)))
        await copy_database(servers, dsn, copy)
        async with running(main.service, of_warehouse(dsn)) as (_, app):
            await Goods(app, sku).receive(4)
            await until(lambda: _is(levels, sku, (7, 0, 0)))
        async with connected(main.service, of_warehouse(copy)) as (platform, service):
            assert (await restore_of(platform, service).run()).facts > 0
        # The backup knows three units, and that it told so; what it tells again counts, since its sequence is above.
        async with running(main.service, of_warehouse(copy)) as (_, app):
            await until(lambda: _is(levels, sku, (3, 0, 0)))
            await Goods(app, sku).receive(2)
            await until(lambda: _is(levels, sku, (5, 0, 0)))
        assert await levels.pool.fetchval("select count(*) from facts") == 0


async def test_a_restore_that_finds_no_fact_publishes_the_levels_again_too(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    """A block follows from facts of others alone: none of the warehouse's own need have been told since the backup."""
    settings = Settings(
        database_url=SecretStr(await fresh_database("warehouse")),
        kafka_bootstrap=servers.kafka_bootstrap,
        storage_key=KEY,
        database_pool=12,
    )
    async with connected(main.service, settings) as (platform, service):
        await platform.pool.execute(
            """insert into products (sku, gtin, hs_code, origin, net_weight_g, length_mm, width_mm, height_mm,
                                     unit_value, currency, owner)
               values ('SAVON-200', '3245678901236', '340111', 'FR', 200, 90, 60, 30, 12.50, 'EUR', 'savonnerie')"""
        )
        await platform.pool.execute("insert into stock (sku) values ('SAVON-200')")
        assert await publish_levels(platform.ledger, NOW) == 1
        assert await publish_levels(platform.ledger, NOW) == 0
        empty = replace(restore_of(platform, service), topics=())
        assert (await empty.run()).records == 0
        assert await publish_levels(platform.ledger, NOW) == 1


async def _is(platform: Platform, sku: str, wanted: tuple[int, int, int]) -> bool:
    return await published_levels(platform, sku) == wanted
