"""Two versions of one fact: what is published, stored, loaded and replayed, and what an older replica does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from contracts.base import Event, OrderEvent, fact_id, lifted, order_stream, versions_of
from sandbox.local.servers import Servers
from shared.db import DB, NewerFacts
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.ledger.versions import PublishedVersions, Wire
from shared.operations.readiness import judge
from shared.platform import Platform, Service, connected, running
from tests.support.platform_pair import Pair, both, decided_by, new_pair
from tests.support.waiting import until


class WeighedV1(OrderEvent):
    """In whole grams."""

    NAME: ClassVar[str] = "test-weighed"
    grams: int

    def up(self) -> Event:
        return Weighed(id=self.id, order_id=self.order_id, occurred_at=self.occurred_at, milligrams=self.grams * 1000)


class Weighed(OrderEvent):
    NAME: ClassVar[str] = "test-weighed"
    VERSION: ClassVar[int] = 2
    milligrams: int

    def down(self) -> Event:
        grams = self.milligrams // 1000
        return WeighedV1(id=self.id, order_id=self.order_id, occurred_at=self.occurred_at, grams=grams)


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def weighed(order: UUID, milligrams: int) -> Weighed:
    return Weighed(order_id=order, occurred_at=NOW, milligrams=milligrams)


def test_two_versions_are_one_fact() -> None:
    order = uuid4()
    old, new = WeighedV1(order_id=order, occurred_at=NOW, grams=7), weighed(order, 7000)
    assert old.id == new.id == fact_id(order, "test-weighed")
    assert lifted(old) == new
    assert lifted(new) is new
    facts = Facts(order_stream(order), [lifted(old)])
    assert not facts.add(new)
    assert list(versions_of(Weighed)) == ["test-weighed.v1", "test-weighed.v2"]
    assert list(versions_of(WeighedV1)) == ["test-weighed.v1"]


@pytest.mark.parametrize(
    ("written", "wire_type", "milligrams"),
    [({}, "test-weighed.v1", 7000), ({"test-weighed": 2}, "test-weighed.v2", 7654)],
)
def test_what_is_kept_is_what_is_published(written: dict[str, int], wire_type: str, milligrams: int) -> None:
    """The newest but one is written until a setting says otherwise; what it cannot hold is not kept either."""
    fact, wire = PublishedVersions(written).settled(weighed(uuid4(), 7654))
    assert isinstance(fact, Weighed)
    assert (wire.type, fact.milligrams) == (wire_type, milligrams)
    assert lifted(Event.BY_TYPE[wire.type].model_validate_json(wire.body)) == fact


class Weighing(Pair):
    """`asker` publishes Weighed; `answerer` consumes it in the newest version."""

    def asker(self, platform: Platform) -> Service:
        asks = replace(self.asks, events=(*self.asks.events, Weighed))
        return replace(super().asker(platform), publishes=asks)

    def answerer(self, platform: Platform) -> Service:
        async def decide(_: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            return []

        asks = replace(self.asks, events=(*self.asks.events, Weighed))
        service = decided_by(super().answerer(platform), decide)
        return replace(service, consumes=(asks,), subscriptions=(*service.subscriptions, Weighed))


@pytest.fixture
async def pair(servers: Servers) -> Weighing:
    plain = await new_pair(servers, servers.kafka_bootstrap)
    return Weighing(plain.asks, plain.answers, plain.asker_dsn, plain.answerer_dsn, plain.bootstrap)


async def stored(platform: Platform, order: UUID) -> Wire | None:
    row = await platform.pool.fetchrow("select type, body from facts where stream_id = $1", order)
    return Wire(row["type"], row["body"]) if row else None


async def publish(platform: Platform, fact: Event) -> None:
    await platform.ledger.run(lambda db: platform.ledger.publish(db, [fact]))


async def test_both_versions_are_consumed_stored_as_they_came_and_loaded_as_the_newest(pair: Weighing) -> None:
    old, new = uuid4(), uuid4()
    async with both(pair) as (asker, answerer):
        await publish(asker, weighed(old, 7654))
        asker.ledger.rules = replace(asker.ledger.rules, versions=PublishedVersions({"test-weighed": 2}))
        await publish(asker, weighed(new, 7654))

        async def both_there() -> bool:
            return bool(await stored(answerer, old) and await stored(answerer, new))

        await until(both_there)
        for order, wire_type, milligrams in ((old, "test-weighed.v1", 7000), (new, "test-weighed.v2", 7654)):
            for service in (asker, answerer):
                wire = await stored(service, order)
                assert wire is not None
                assert wire.type == wire_type
                assert json.loads(wire.body).get("milligrams", 7654) == 7654
                async with service.pool.acquire() as db:
                    facts = (await service.ledger.read(db, [order_stream(order)]))[order]
                fact = facts.get(Weighed)
                assert fact is not None
                assert fact.milligrams == milligrams
        known = await answerer.pool.fetch("select type from fact_types order by type")
        assert [row["type"] for row in known] == ["test-weighed.v1", "test-weighed.v2"]


async def test_a_version_that_does_not_know_a_stored_type_refuses_to_start(pair: Weighing) -> None:
    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, _):
        await answerer.pool.execute("insert into fact_types (type) values ('test-weighed.v9')")
    with pytest.raises(NewerFacts, match=r"test-weighed\.v9"):
        async with connected(pair.answerer, pair.settings(pair.answerer_dsn)):
            pass


async def test_a_running_replica_that_meets_a_newer_fact_leaves_unready_and_without_a_dead_letter(
    pair: Weighing,
) -> None:
    """A newer replica has written it; another replica that knows it goes on with the partitions."""
    order = uuid4()
    async with both(pair) as (asker, answerer):
        await publish(asker, weighed(order, 7000))

        async def there() -> bool:
            return await stored(answerer, order) is not None

        await until(there)
        await answerer.pool.execute("update facts set type = 'test-weighed.v9' where stream_id = $1", order)
        wake = "update streams set due_at = now(), size = size + 1 where id = $1"
        await answerer.pool.execute(wake, order)
        await until(lambda: answerer.state.blocked is not None)
        await publish(asker, weighed(uuid4(), 1))

        async def consumer_stopped() -> bool:
            return any(loop.name == "consumer" and loop.stopped for loop in answerer.state.loops)

        await until(consumer_stopped)
        ready, checks = judge(answerer.state)
        assert not ready
        assert "test-weighed.v9" in checks["consumer"]
        assert await answerer.pool.fetchval("select count(*) from dead_letters") == 0
        await answerer.pool.execute("update facts set type = 'test-weighed.v1' where stream_id = $1", order)
    async with running(pair.answerer, pair.settings(pair.answerer_dsn)) as (again, _):
        await until(lambda: judge(again.state)[0])
