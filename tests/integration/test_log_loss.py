"""A log that lost records, and a database that lost facts: both are noticed, and nothing is missed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from contracts.base import Topic
from contracts.topics import ORDERS
from sandbox.local.servers import Broker, Servers
from shared.messaging.generations import LogEnd, advance, log_ends
from shared.messaging.partition_log import LogProbe, reading
from shared.messaging.record_batches import RawRecord
from shared.operations.provision import create_topics
from shared.platform import Platform, running
from shared.settings import PlatformSettings
from tests.support.faults.proxy import Proxy
from tests.support.platform_pair import (
    Answered,
    Asked,
    Pair,
    ask,
    both,
    count,
    new_pair,
    numbers,
    produce,
)
from tests.support.waiting import all_sent, until


def proxy_of(bootstrap: str) -> Proxy:
    host, _, port = bootstrap.rpartition(":")
    return Proxy(host, int(port), kafka=True)


async def test_a_loss_between_two_batches_of_one_round_is_noticed(pair: Pair) -> None:
    """The second was repeated by aiokafka on a log that had lost the first."""
    async with both(pair) as (asker, _):
        await ask(asker, *["plain"] * 4)
        sent = "select count(*) = 4 from outbox where sent_at is not null"
        await until(lambda: asker.pool.fetchval(sent))
        partition, offsets = TopicPartition(pair.asks.name, 0), (4, 5, 0, 1)
        async with asker.pool.acquire() as db, db.transaction():
            await db.execute("update outbox set partition = 0")
            assert await advance(db, {partition: offsets}, {partition: LogEnd(highest=3)})
            assert (await log_ends(db))[partition] == LogEnd(highest=-1, generation=1, start=0)
            assert await db.fetchval("select count(*) from outbox where sent_at is null") == 4


async def test_a_probe_whose_client_died_while_the_broker_was_away(own_broker: Broker) -> None:
    topic = Topic(f"test{next(numbers)}.probed", "nobody", (), (Asked,), 1)
    await create_topics(own_broker.bootstrap, [topic])
    probe = LogProbe(PlatformSettings(kafka_bootstrap=own_broker.bootstrap))
    await probe.start()
    try:
        partitions = await probe.partitions([topic.name])
        probe._client._fetcher._fetch_task.cancel()
        own_broker.kill()
        for _ in range(2):
            with pytest.raises(KafkaError):  # as when it goes away between two questions
                await probe._renew()
        await own_broker.start()
        await create_topics(own_broker.bootstrap, [topic])
        assert await probe.ends(partitions) == dict.fromkeys(partitions, 0)
    finally:
        await probe.stop()


async def test_a_probe_whose_connection_was_lost_without_a_word_asks_over_another(servers: Servers) -> None:
    """It stops waiting before aiokafka does, which therefore never closes the connection."""
    async with proxy_of(servers.kafka_bootstrap) as proxy:
        probe = LogProbe(PlatformSettings(kafka_bootstrap=proxy.address))
        await probe.start()
        try:
            partitions = await probe.partitions([ORDERS.name])
            ends = await probe.ends(partitions)
            proxy.half_open()
            with pytest.raises(KafkaError):
                await probe.ends(partitions)
            proxy.heal(tell=False)
            assert await probe.ends(partitions) == ends
        finally:
            await probe.stop()


async def test_a_broker_that_forgets_everything(servers: Servers, own_broker: Broker) -> None:
    """Killed while facts are under way and started again empty: every question is answered all the same."""
    pair = await new_pair(servers, own_broker.bootstrap)
    async with both(pair) as (asker, answerer):
        await ask(asker, *["plain"] * 200)

        async def some() -> bool:
            return await count(answerer, Asked) > 0

        await until(some)
        own_broker.kill()
        await ask(asker, *["plain"] * 50)
        await own_broker.start()

        async def answered() -> bool:
            return await count(asker, Answered) == 250

        await until(answered)
        # and nothing at all is written anew: what the broker lost comes again by itself
        own_broker.kill()
        await own_broker.start()

        async def sent_again() -> bool:
            ends = await asker.pool.fetchval("select max(generation) from log_ends")
            return ends is not None and ends >= 2 and await all_sent(asker.pool)

        await until(sent_again)
        await ask(asker, "plain")

        async def one_more() -> bool:
            return await count(asker, Answered) == 251

        await until(one_more)


async def test_one_record_is_read_by_its_offset_from_the_middle_of_a_batch(pair: Pair) -> None:
    """Few bytes are asked for; a broker sends the whole batch all the same."""
    client = AIOKafkaProducer(bootstrap_servers=pair.bootstrap)
    await client.start()
    batch = client.create_batch()
    for number in range(50):
        batch.append(key=b"k", value=b"%d" % number * 100, timestamp=None)
    await (await client.send_batch(batch, pair.asks.name, partition=0))
    await client.stop()
    async with reading(PlatformSettings(kafka_bootstrap=pair.bootstrap)) as probe:
        [partition, *_] = await probe.partitions([pair.asks.name])
        for offset in (0, 20, 49):
            record = await probe._fetching.record_at(partition, offset)
            assert isinstance(record, RawRecord)
            assert (record.offset, record.value) == (offset, b"%d" % offset * 100)


@pytest.mark.parametrize("reader", ["stopped", "running"])
async def test_a_log_written_again_just_as_far_as_its_reader_had_come(
    servers: Servers, own_broker: Broker, reader: str
) -> None:
    """No offset tells that the log was lost, and nothing follows: the last record's generation tells it."""
    pair = await new_pair(servers, own_broker.bootstrap)

    async def write(generation: int) -> None:
        for _ in range(3):
            event = Asked(order_id=uuid4(), occurred_at=datetime.now(UTC))
            await produce(pair, pair.asks.name, event, generation=f"{generation}@0", partition=0)

    async def lose_and_write_again() -> None:
        own_broker.kill()
        await own_broker.start()
        await create_topics(own_broker.bootstrap, [pair.asks, pair.answers])
        await write(1)

    await write(0)
    async with proxy_of(own_broker.bootstrap) as proxy:
        settings = pair.settings(pair.answerer_dsn).model_copy(update={"kafka_bootstrap": proxy.address})

        async def read_all(answerer: Platform, facts: int) -> None:
            async def reached() -> bool:
                return await count(answerer, Asked) == facts

            await until(reached)

        async with running(pair.answerer, settings) as (answerer, _):
            await read_all(answerer, 3)
            if reader == "running":
                proxy.cut()
                await lose_and_write_again()
                proxy.heal()
                await read_all(answerer, 6)
        if reader == "stopped":
            await lose_and_write_again()
            async with running(pair.answerer, settings) as (answerer, _):
                await read_all(answerer, 6)


async def test_a_reader_far_behind_a_new_generation_misses_nothing(pair: Pair) -> None:
    """The broker lost what followed offset 10; a reader that has read nothing yet must not skip the first ten."""
    for number in range(20):
        event = Asked(order_id=uuid4(), occurred_at=datetime.now(UTC))
        await produce(pair, pair.asks.name, event, generation="0@0" if number < 10 else "1@10", partition=0)
    async with both(pair) as (asker, answerer):

        async def answered() -> bool:
            return await count(asker, Answered) == 20

        await until(answered)
        assert await answerer.pool.fetchval("select max(generation) from positions") == 1


async def test_a_restored_database_decides_nothing(pair: Pair) -> None:
    async with both(pair) as (asker, _):
        await ask(asker, *["plain"] * 3)

        async def answered() -> bool:
            return await count(asker, Answered) == 3

        await until(answered)
        await asker.pool.execute("delete from outbox where id in (select id from outbox order by id desc limit 2)")
        await asker.pool.execute("update log_ends set highest_offset = highest_offset - 1")
    async with running(pair.asker, pair.settings(pair.asker_dsn)) as (asker, _):

        async def blocked() -> bool:
            return asker.state.blocked is not None

        await until(blocked)
        with pytest.raises(Exception, match="unknown to this database"):
            await ask(asker, "plain")
