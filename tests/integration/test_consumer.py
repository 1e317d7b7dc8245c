"""The consumer: every fact has its effect once, whatever the broker, the group and its clients do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest

from sandbox.local.servers import Servers
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.messaging.consumer import _Listener
from shared.messaging.partition_log import reader_died, sender_died
from shared.platform import Platform, Service, connected
from tests.support.platform_pair import (
    Answered,
    Asked,
    Pair,
    ask,
    both,
    count,
    decided_by,
    new_pair,
    produce,
    published,
)
from tests.support.waiting import all_sent, until


async def test_a_fact_travels_and_comes_back(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        await ask(asker, *["plain"] * 300)

        async def answered() -> bool:
            return await count(asker, Answered) == 300

        await until(answered)
        assert await count(answerer, Asked) == 300
        await until(lambda: all_sent(asker.pool))


async def test_a_repeated_record_has_no_effect(pair: Pair, servers: Servers) -> None:
    event = Asked(order_id=uuid4(), occurred_at=datetime.now(UTC))
    await produce(pair, pair.asks.name, event, times=20)
    async with both(pair) as (asker, answerer):

        async def answered() -> bool:
            return await count(asker, Answered) == 1

        await until(answered)
        assert await answerer.pool.fetchval("select count(*) from outbox") == 1


async def test_a_group_that_does_not_settle_gets_a_new_member(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """As aiokafka waits when the answer to its join was lost."""

    async def wait(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")
        await until(lambda: published(answerer, Answered))
        client = answerer.consumer._client
        monkeypatch.setattr(client._fetcher, "fetched_records", wait)
        monkeypatch.setattr(client, "commit", wait)
        with monkeypatch.context() as hurried:
            hurried.setattr("shared.messaging.consumer.SETTLED_SECONDS", 1.0)
            await until(lambda: answerer.consumer._client is not client)
        await ask(asker, "plain")

        async def answered() -> bool:
            return await count(asker, Answered) == 2

        await until(answered)


async def test_a_client_that_dies_is_followed_by_a_new_one(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What aiokafka does in the background ends for good at an error that it did not expect. The errors are made here;
    that they happen was seen when a broker was frozen."""

    def unexpected(*_: object) -> None:
        raise ZeroDivisionError

    async def answered(wanted: int) -> bool:
        return await count(asker, Answered) == wanted

    async def dead() -> bool:
        return died(client)

    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")
        await until(partial(answered, 1))
        for number, step in enumerate(("coordinate", "fetch", "metadata", "send", "metadata of the relay"), start=2):
            with monkeypatch.context() as patched:
                match step:
                    case "coordinate":
                        client, died = answerer.consumer._client, reader_died
                        patched.setattr(client._coordinator, "_maybe_do_autocommit", unexpected)
                        client._coordinator.request_rejoin()
                    case "fetch":
                        client, died = answerer.consumer._client, reader_died
                        patched.setattr(client._fetcher, "_get_actions_per_node", unexpected)
                    case "metadata":
                        client, died = answerer.consumer._client, reader_died
                        patched.setattr(client._client, "_metadata_update", unexpected)
                        client._client.force_metadata_update()
                    case "metadata of the relay":
                        client, died = answerer.relay._producer, sender_died
                        patched.setattr(client.client, "_metadata_update", unexpected)
                        client.client.force_metadata_update()
                    case _:
                        client, died = answerer.relay._producer, sender_died
                        patched.setattr(client._sender._message_accumulator, "drain_by_nodes", unexpected)
                await ask(asker, "plain")
                await until(dead)
            await until(partial(answered, number))


@dataclass
class Revoking(Pair):
    """Where the first batch loses its partitions while it is being worked on, and then fails."""

    failed: int = 0

    def answerer(self, platform: Platform) -> Service:
        service = super().answerer(platform)
        decide = service.kinds[0].decide
        assert decide is not None

        async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
            if not self.failed:
                self.failed += 1
                consumer = platform.consumer
                listener, partitions = _Listener(consumer._unloaded, consumer._next), list(consumer._next)
                listener.on_partitions_revoked(partitions)
                listener.on_partitions_assigned(partitions)
                raise ZeroDivisionError
            return await decide(db, orders, context)

        return decided_by(service, handle)


async def test_no_record_dies_of_a_rebalance(servers: Servers) -> None:
    plain = await new_pair(servers, servers.kafka_bootstrap)
    pair = Revoking(plain.asks, plain.answers, plain.asker_dsn, plain.answerer_dsn, plain.bootstrap)
    async with both(pair) as (asker, answerer):
        await ask(asker, "plain")

        async def answered() -> bool:
            return await count(asker, Answered) == 1

        await until(answered)
        assert pair.failed == 1
        assert await answerer.pool.fetchval("select count(*) from dead_letters") == 0


async def test_a_set_of_facts_grows_without_a_write_to_an_index(pair: Pair) -> None:
    """Every batch changes `size`: an index that holds it, or has it in its condition, would be written each time."""
    written = """select pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
                 from pg_class where relname = 'streams'"""
    async with connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):
        [order] = await ask(asker, "plain")
        async with asker.ledger.transaction() as db:
            answered = Answered(order_id=order, occurred_at=datetime.now(UTC))
            [before] = await db.fetch(written)  # a session may not have handed in what it did before
            await asker.ledger.record(db, consumed=[answered])
            [after] = await db.fetch(written)
        assert [now - earlier for now, earlier in zip(after, before, strict=True)] == [1, 1]
