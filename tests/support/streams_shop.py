"""A small service that knows four kinds of streams in all three modes.

A shop that closes withdraws its goods: a decision on one kind publishes facts of another. What is withdrawn and what is
archived of one good lie on two topics. Sales are appended, levels are the latest.
"""

from __future__ import annotations

import base64
import itertools
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid5

import asyncpg
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from contracts.base import Event, Stream, Topic
from sandbox.local.servers import Servers
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output, Timer
from shared.ledger.outbox import headers
from shared.ledger.rules import StreamKind
from shared.operations.provision import create_topics, provision_database
from shared.operations.schema import PLATFORM_SCHEMA
from shared.platform import Platform, Service
from shared.settings import PlatformSettings

SHOP, GOOD, SALES, LEVEL = "test-shop", "test-good", "test-sales", "test-level"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""Long ago: every timer is due at once."""
_numbers = itertools.count(1)
_IDS = UUID("5c0f2a94-3c5e-4f0e-8a41-0d2f6a1b7c11")


class ShopEvent(Event):
    KIND: ClassVar[str] = SHOP
    shop_id: UUID

    @property
    def stream_id(self) -> UUID:
        return self.shop_id


class GoodEvent(Event):
    KIND: ClassVar[str] = GOOD
    good_id: UUID

    @property
    def stream_id(self) -> UUID:
        return self.good_id


class ShopOpened(ShopEvent):
    NAME: ClassVar[str] = "test-shop-opened"
    goods: tuple[UUID, ...]


class ShopClosed(ShopEvent):
    NAME: ClassVar[str] = "test-shop-closed"


class GoodListed(GoodEvent):
    NAME: ClassVar[str] = "test-good-listed"


class GoodWithdrawn(GoodEvent):
    """Published because a shop has closed."""

    NAME: ClassVar[str] = "test-good-withdrawn"


class GoodArchived(GoodEvent):
    """Published because of a withdrawal, once the good was listed, a day later."""

    NAME: ClassVar[str] = "test-good-archived"


class UnitsSold(Event):
    NAME: ClassVar[str] = "test-units-sold"
    KIND: ClassVar[str] = SALES
    sku: str
    sale: int
    units: int

    @property
    def stream_id(self) -> UUID:
        return Stream.of(SALES, self.sku).id

    @property
    def subject(self) -> str:
        return str(self.sale)


class LevelSet(Event):
    NAME: ClassVar[str] = "test-level-set"
    KIND: ClassVar[str] = LEVEL
    sku: str
    sequence: int
    units: int

    @property
    def stream_id(self) -> UUID:
        return Stream.of(LEVEL, self.sku).id

    @property
    def subject(self) -> str:
        return str(self.sequence)


CONSUMED = (ShopOpened, ShopClosed, GoodListed, UnitsSold, LevelSet)
TABLES = (
    "create table goods (id uuid primary key, state text not null)",
    "create table sales (sku text primary key, units integer not null)",
    "create table levels (sku text primary key, sequence integer not null, units integer not null)",
)


async def _decide_shops(_: DB, shops: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    return [
        GoodWithdrawn(good_id=good, occurred_at=closed.occurred_at)
        for facts in shops
        if (opened := facts.get(ShopOpened)) and (closed := facts.get(ShopClosed))
        for good in opened.goods
    ]


async def _decide_goods(_: DB, goods: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    outputs: list[Output] = []
    for facts in goods:
        withdrawn = facts.get(GoodWithdrawn)
        if withdrawn is None or GoodListed not in facts or GoodArchived in facts:
            continue
        due_at = withdrawn.occurred_at + timedelta(days=1)
        if context.caught_up and context.now >= due_at:
            outputs.append(GoodArchived(good_id=facts.id, occurred_at=due_at))
        else:
            outputs.append(Timer(facts.stream, due_at))
    return outputs


def _state(facts: Facts) -> str:
    if GoodArchived in facts:
        return "archived"
    if GoodWithdrawn in facts:
        return "withdrawn" if GoodListed in facts else "withdrawn before it was listed"
    return "listed"


async def _project_goods(db: DB, goods: Sequence[Facts]) -> None:
    await db.execute(
        """insert into goods select * from unnest($1::uuid[], $2::text[])
           on conflict (id) do update set state = excluded.state""",
        [facts.id for facts in goods],
        [_state(facts) for facts in goods],
    )


async def _absorb_sales(db: DB, sold: Sequence[Event]) -> None:
    for sale in sorted((event for event in sold if isinstance(event, UnitsSold)), key=lambda event: event.sku):
        await db.execute(
            """insert into sales values ($1, $2)
               on conflict (sku) do update set units = sales.units + excluded.units""",
            sale.sku,
            sale.units,
        )


async def _latest_levels(db: DB, levels: Sequence[Event]) -> None:
    for level in sorted((event for event in levels if isinstance(event, LevelSet)), key=lambda event: event.sku):
        await db.execute(
            """insert into levels values ($1, $2, $3) on conflict (sku)
               do update set sequence = excluded.sequence, units = excluded.units
               where levels.sequence < excluded.sequence""",
            level.sku,
            level.sequence,
            level.units,
        )


KINDS = (
    StreamKind(SHOP, _decide_shops, causes=(GOOD,)),
    StreamKind(GOOD, _decide_goods, _project_goods),
    StreamKind(SALES, absorb=_absorb_sales),
    StreamKind(LEVEL, latest=_latest_levels),
)


@dataclass
class Market:
    """The service, its topics and its database."""

    incoming: Topic
    outgoing: Topic
    apart: Topic
    """Of goods that are archived."""
    dsn: str
    bootstrap: str

    def make(self, _: Platform) -> Service:
        return Service(
            self.outgoing.producer, self.outgoing, (self.incoming,), CONSUMED, KINDS, also_publishes=(self.apart,)
        )

    def settings(self, dsn: str = "") -> PlatformSettings:
        key = SecretStr(base64.b64encode(bytes(32)).decode())
        return PlatformSettings(
            database_url=SecretStr(dsn or self.dsn), kafka_bootstrap=self.bootstrap, storage_key=key, database_pool=12
        )

    async def produce(self, events: Sequence[Event]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        for event in events:
            fields = headers(event.id, event.TYPE, self.incoming.producer, str(event.stream_id), "0@0", None)
            await producer.send(
                self.incoming.name, event.model_dump_json().encode(), str(event.stream_id).encode(), headers=fields
            )
        await producer.stop()


async def new_market(servers: Servers, bootstrap: str) -> Market:
    number = next(_numbers)
    incoming = Topic(f"market{os.getpid()}.{number}.in", "outside", (f"market{number}",), CONSUMED, 1)
    outgoing = Topic(f"market{os.getpid()}.{number}.out", f"market{number}", (), (GoodWithdrawn,), 1)
    apart = Topic(f"market{os.getpid()}.{number}.apart", f"market{number}", (), (GoodArchived,), 1)
    await create_topics(bootstrap, [incoming, outgoing, apart])
    return Market(incoming, outgoing, apart, await new_database(servers), bootstrap)


async def new_database(servers: Servers) -> str:
    dsn = await provision_database(servers.admin_dsn, f"test_market_{os.getpid()}_{next(_numbers)}", "test")
    db = await asyncpg.connect(dsn)
    for statement in (*PLATFORM_SCHEMA, *TABLES):
        await db.execute(statement)
    await db.close()
    return dsn


def story(seed: int) -> list[Event]:
    """Six shops that share twelve goods, four of which close; sales and levels."""
    drawn = random.Random(seed)
    goods = [uuid5(_IDS, f"good {seed} {number}") for number in range(12)]
    events: list[Event] = [GoodListed(good_id=good, occurred_at=NOON) for good in goods[:10]]
    for number in range(6):
        shop = uuid5(_IDS, f"shop {seed} {number}")
        events.append(ShopOpened(shop_id=shop, occurred_at=NOON, goods=tuple(drawn.sample(goods, 4))))
        if number < 4:
            events.append(ShopClosed(shop_id=shop, occurred_at=NOON))
    for number in range(20):
        sku = f"SKU-{drawn.randrange(3)}"
        events.append(UnitsSold(sku=sku, sale=number, units=drawn.randrange(1, 9), occurred_at=NOON))
        events.append(LevelSet(sku=sku, sequence=number, units=drawn.randrange(99), occurred_at=NOON))
    return events


async def state(pool: asyncpg.Pool[asyncpg.Record]) -> Mapping[str, Any]:
    """All that the service knows, and what it has published."""
    queries = {
        "facts": "select stream_id, type, published from facts order by stream_id, type, id",
        "streams": "select kind, count(*), sum(size) from streams group by kind order by kind",
        "goods": "select id, state from goods order by id",
        "sales": "select sku, units from sales order by sku",
        "levels": "select sku, sequence, units from levels order by sku",
        "published": "select distinct event_id, type, split_part(topic, '.', 3) from outbox order by event_id",
    }
    return {name: [tuple(row) for row in await pool.fetch(query)] for name, query in queries.items()}
