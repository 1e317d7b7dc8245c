"""What leaves the outbox: each partition by itself, and nothing passed over."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from contracts.base import PARTITIONS
from shared.db import DB
from shared.ledger import outbox
from shared.ledger.outbox import Message, partition_of
from shared.loop import Loop
from shared.messaging.partition_log import LogProbe
from shared.messaging.relay import ROWS_A_PARTITION, Relay
from shared.platform import connected
from shared.telemetry import traced, valid_traceparent
from tests.support.platform_pair import Pair, ask, both, nobody_refused
from tests.support.waiting import until

UNSENT = "select count(*) from outbox where sent_at is null"
UNSENT_IN = "select count(*) from outbox where sent_at is null and partition = $1"


def key_in(partition: int) -> str:
    """A key that belongs to this partition."""
    return next(key for key in (str(uuid4()) for _ in range(1000)) if partition_of(key) == partition)


def message(topic: str, partition: int) -> Message:
    return Message(topic, key_in(partition), uuid4(), "test-asked.v1", "{}")


@pytest.mark.parametrize("how", ["silent", "failing"])
async def test_a_dead_partition_holds_up_no_other(pair: Pair, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Partition 0 takes nothing and has more rows than four rounds take; those of the others leave meanwhile."""
    back = asyncio.Event()
    async with both(pair) as (asker, _):
        await until(lambda: hasattr(asker, "relay"))
        producer = asker.relay._producer
        send = producer.send_batch

        async def send_but_to_0(batch: Any, topic: str, *, partition: int) -> Any:
            if partition == 0 and not back.is_set():
                if how == "failing":
                    raise KafkaError("the leader of this partition is away")
                await back.wait()
            return await send(batch, topic, partition=partition)

        monkeypatch.setattr(producer, "send_batch", send_but_to_0)
        async with asker.pool.acquire() as db:
            behind = [message(pair.asks.name, 0) for _ in range(4 * ROWS_A_PARTITION + 100)]
            await outbox.publish(db, behind)
        for _ in range(3):
            await ask(asker, *["plain"] * 40)

            async def others_left() -> bool:
                unsent = [await asker.pool.fetchval(UNSENT_IN, number) for number in range(1, PARTITIONS)]
                return not any(unsent)

            await until(others_left)
        assert await asker.pool.fetchval(UNSENT_IN, 0) >= len(behind)
        if how == "failing":
            assert asker.relay._trouble() == f"{pair.asks.name}/0: KafkaError"
        back.set()

        async def all_left() -> bool:
            return not await asker.pool.fetchval(UNSENT)

        await until(all_left)
        assert asker.relay._trouble() is None


async def test_a_topic_with_another_number_of_partitions_is_reported(pair: Pair) -> None:
    """Which partition a key belongs to is stored with what is to be sent: an enlarged topic takes nothing."""
    settings = pair.settings(pair.asker_dsn)
    async with connected(pair.asker, settings) as (asker, service):
        probe = LogProbe(settings)
        await probe.start()
        relay = Relay(settings, asker.pool, probe, service.name, [pair.asks.name], nobody_refused)
        await relay.start(Loop("relay"))
        try:
            await ask(asker, "plain")

            async def enlarged(_: str) -> set[int]:
                return set(range(PARTITIONS + 2))

            relay._producer.partitions_for = enlarged
            await relay.send_once()
            assert relay._trouble() == f"{pair.asks.name}/{await partition(asker.pool)}: KafkaError"
            assert await asker.pool.fetchval(UNSENT) == 1
        finally:
            await relay.stop()
            await probe.stop()


async def partition(pool: asyncpg.Pool[asyncpg.Record]) -> int:
    number: int = await pool.fetchval("select partition from outbox")
    return number


async def floor(db: DB | asyncpg.Pool[asyncpg.Record]) -> int:
    position: int = await db.fetchval("select sent_up_to from outbox_floor")
    return position


async def raised(pool: asyncpg.Pool[asyncpg.Record], topic: str) -> int:
    """The floor after as many steps as it takes to rise, if nothing holds it."""
    for _ in range(3):
        await outbox.raise_floor(pool, [TopicPartition(topic, number) for number in range(PARTITIONS)])
    return await floor(pool)


async def until_raised(pool: asyncpg.Pool[asyncpg.Record], topic: str, expected: int) -> None:
    """Waits for the floor: an open transaction in any database of the cluster, as those of other tests, holds it."""

    async def enough() -> bool:
        return await raised(pool, topic) >= expected

    await until(enough)


async def write(db: DB, topic: str, number: int = 0) -> UUID:
    """As the ledger does: the transaction has its number before it takes an id of the outbox."""
    await db.execute("select pg_current_xact_id()")
    event = message(topic, number)
    await outbox.publish(db, [event])
    return event.event_id


async def test_a_lower_id_that_is_committed_after_a_higher_one_was_sent_is_found(pair: Pair) -> None:
    topic = pair.asks.name
    async with (
        connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _),
        asker.pool.acquire() as slow,
        asker.pool.acquire() as fast,
    ):
        late = slow.transaction()
        await late.start()
        lower = await write(slow, topic)
        async with fast.transaction():
            await write(fast, topic, 1)
        await fast.execute("update outbox set sent_at = now()")
        highest = await fast.fetchval("select max(id) from outbox")
        assert await raised(asker.pool, topic) < highest - 1
        await late.commit()
        await until_raised(asker.pool, topic, highest - 2)
        assert await floor(fast) == highest - 2
        [row] = await fast.fetch("select event_id from outbox where sent_at is null and id > $1", await floor(fast))
        assert row["event_id"] == lower
        await fast.execute("update outbox set sent_at = now()")
        await until_raised(asker.pool, topic, highest)


async def test_a_lower_id_of_a_younger_transaction_that_is_still_open_is_found(pair: Pair) -> None:
    """The older transaction takes the higher id and is committed; the younger one goes on."""
    topic = pair.asks.name
    async with (
        connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _),
        asker.pool.acquire() as older,
        asker.pool.acquire() as younger,
    ):
        first, second = older.transaction(), younger.transaction()
        await first.start()
        await older.execute("select pg_current_xact_id()")
        await second.start()
        await write(younger, topic)
        await write(older, topic, 1)
        await first.commit()
        lower = await younger.fetchval("select min(id) from outbox")
        assert await raised(asker.pool, topic) < lower
        await second.commit()
        assert await raised(asker.pool, topic) < lower, "both are unsent"


async def test_the_floor_rises_again_after_a_restore_into_another_cluster(pair: Pair) -> None:
    topic = pair.asks.name
    async with connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _), asker.pool.acquire() as db:
        await write(db, topic)
        await db.execute("update outbox set sent_at = now()")
        await db.execute("update outbox_floor set candidate = 77, candidate_xid = '9000000000'")
        await until_raised(asker.pool, topic, await db.fetchval("select max(id) from outbox"))


async def test_what_is_sent_again_lies_above_the_floor(pair: Pair) -> None:
    topic = pair.asks.name
    async with connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _), asker.pool.acquire() as db:
        for _ in range(5):
            async with db.transaction():
                await write(db, topic)
        await db.execute("update outbox set sent_at = now()")
        await until_raised(asker.pool, topic, await db.fetchval("select max(id) from outbox"))
        since = await db.fetchval("select min(recorded_at) from outbox")
        assert await outbox.republish(asker.pool, since) == 5
        assert await floor(db) == 0


async def test_an_old_snapshot_does_not_make_the_poll_of_an_empty_outbox_slow(pair: Pair) -> None:
    """A dump that runs keeps dead index entries of rows that were sent long ago; the poll begins behind them."""
    topic, sent = pair.asks.name, 20_000
    async with (
        connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, service),
        asker.pool.acquire() as dump,
        asker.pool.acquire() as db,
    ):
        key = key_in(0)
        await db.execute(
            """insert into outbox (topic, partition, key, event_id, type)
               select $1, 0, $2, gen_random_uuid(), 'x' from generate_series(1, $3)""",
            topic,
            key,
            sent,
        )
        async with dump.transaction(isolation="repeatable_read", readonly=True):
            await dump.fetchval("select count(*) from outbox")
            await db.execute("update outbox set sent_at = now()")
            seen: dict[str, str] = {}
            settings = pair.settings(pair.asker_dsn)
            no_probe: Any = None
            relay = Relay(settings, asker.pool, no_probe, service.name, [topic], nobody_refused)

            class Explained:
                async def fetch(self, sql: str, *values: object) -> list[Any]:
                    plan = await db.fetchval(f"explain (analyze, buffers, format json) {sql}", *values)
                    seen["plan"] = plan
                    return []

            async def buffers() -> int:
                await relay._due(Explained())  # type: ignore[arg-type]
                plan = json.loads(seen["plan"])[0]["Plan"]
                return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

            before = await buffers()
            await until_raised(asker.pool, topic, sent)
            assert before > 100 > await buffers()
            await relay.stop()


async def test_of_a_stranger_s_trace_only_what_w3c_allows_travels(pair: Pair) -> None:
    """One of 1.2 MB went into the events, and the broker refused them."""
    good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with connected(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):
        no_trace = f"00-{'0' * 32}-{'1' * 16}-01"
        for stated in (good, "x" * 1_200_000, good + "-more", good.upper(), f"ff{good[2:]}", no_trace):
            with traced(stated):
                await ask(asker, "plain")
        parents = [row["traceparent"] for row in await asker.pool.fetch("select traceparent from outbox order by id")]
        assert parents[0] == good
        assert not set(parents[1:]) & {good, None}
        assert all(valid_traceparent(parent) == parent for parent in parents)
