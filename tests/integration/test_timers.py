"""Timers: a stream whose timer is due is decided again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from prometheus_client import REGISTRY

from contracts.base import order_stream
from contracts.cases import CaseOpened
from sandbox.local.servers import Servers
from services.cases import hooks
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.ledger.rules import StreamKind
from shared.platform import Platform, Service, running
from tests.support.platform_pair import (
    Overdue,
    Pair,
    ask,
    both,
    count,
    events,
)
from tests.support.streams_shop import (
    GOOD,
    KINDS,
    NOON,
    SHOP,
    GoodArchived,
    GoodListed,
    ShopClosed,
    ShopOpened,
    new_market,
)
from tests.support.waiting import until


async def test_a_due_timer_decides_its_order_again(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        await ask(asker, "deadline")

        async def overdue() -> bool:
            return await count(asker, Overdue) == 1

        await until(overdue)
        assert await answerer.pool.fetchval("select count(*) from streams where due_at is not null") == 0


async def test_an_order_that_cannot_be_decided_holds_up_no_other_timer(pair: Pair) -> None:
    pair.undecided.add("deadline, but no decision")
    async with both(pair) as (asker, answerer):
        undecided, *_ = await ask(asker, "deadline, but no decision", "deadline", "deadline")

        async def overdue() -> bool:
            return await count(asker, Overdue) == 2

        await until(overdue)
        put_off = "select id from streams where due_at > now() + interval '50 minutes'"
        assert await until(lambda: answerer.pool.fetchval(put_off)) == undecided
        case = Facts(order_stream(undecided), await events(answerer, undecided)).first(CaseOpened)
        assert case is not None
        assert (case.case, case.action) == (f"needs_attention:undecided:{pair.answers.producer}", "look_into")
        pair.undecided.clear()
        await answerer.pool.execute("update streams set due_at = now() where id = $1", undecided)

        async def decided() -> bool:
            return await count(asker, Overdue) == 3

        await until(decided)


async def test_a_rule_that_fails_on_what_is_no_order_is_counted_until_it_is_mended(servers: Servers) -> None:
    """There is no case for it: a metric of its kind tells an operator, from zero, so that the first failure shows."""
    market = await new_market(servers, servers.kafka_bootstrap)
    archive = next(kind for kind in KINDS if kind.name == GOOD)
    broken = True

    async def decide(db: DB, goods: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
        assert archive.decide is not None
        if broken and context.caught_up:
            raise ZeroDivisionError
        return await archive.decide(db, goods, context)

    def make(platform: Platform) -> Service:
        service = market.make(platform)
        kinds = tuple(StreamKind(GOOD, decide, archive.project) if kind is archive else kind for kind in KINDS)
        return replace(service, kinds=kinds, hooks=hooks(service.name))

    def undecided(kind: str) -> float:
        value = REGISTRY.get_sample_value("ledger_undecided_total", {"kind": kind})
        assert value is not None
        return value

    good, shop = uuid4(), uuid4()
    async with running(make, market.settings()) as (platform, _):
        before = {kind: undecided(kind) for kind in (GOOD, SHOP)}
        await market.produce(
            [
                GoodListed(good_id=good, occurred_at=NOON),
                ShopOpened(shop_id=shop, occurred_at=NOON, goods=(good,)),
                ShopClosed(shop_id=shop, occurred_at=NOON),
            ]
        )
        put_off = "select id from streams where due_at > now() + interval '50 minutes'"
        assert await until(lambda: platform.pool.fetchval(put_off)) == good
        assert (undecided(GOOD), undecided(SHOP)) == (before[GOOD] + 1, before[SHOP])
        await platform.pool.execute("update streams set due_at = now() where id = $1", good)  # an hour later
        await until(lambda: undecided(GOOD) == before[GOOD] + 2)
        await until(lambda: platform.pool.fetchval(put_off))
        broken = False
        await platform.pool.execute("update streams set due_at = now() where id = $1", good)

        async def archived() -> bool:
            query = "select count(*) = 1 from facts where type = $1"
            return bool(await platform.pool.fetchval(query, GoodArchived.TYPE))

        await until(archived)
        assert undecided(GOOD) == before[GOOD] + 2
        assert await platform.pool.fetchval("select count(*) from streams where due_at is not null") == 0


async def test_timers_are_handled_while_orders_never_stop_coming(pair: Pair) -> None:
    """At no moment has the service read all that is in the log."""
    pair.seconds = 0.3
    async with both(pair) as (asker, _):

        async def traffic() -> None:
            while True:
                await ask(asker, "plain")
                await asyncio.sleep(0.02)

        stream = asyncio.create_task(traffic())
        try:
            await ask(asker, "deadline")

            async def overdue() -> bool:
                return await count(asker, Overdue) == 1

            await until(overdue, 60)
        finally:
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
