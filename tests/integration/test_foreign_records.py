"""Records that none of our services can have sent, records of a newer version, and records that are gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import OffsetOutOfRangeError
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from contracts import topics
from contracts.base import ORDER
from contracts.cases import CaseOpened
from sandbox.local.servers import Broker, Servers
from services.persons.records import Persons
from shared.ledger.outbox import headers
from shared.messaging import dead_letters
from shared.messaging.consumer import Consumer
from shared.messaging.decoder import FOREIGN_AN_HOUR, Decoder, as_record
from shared.messaging.partition_log import LogProbe
from shared.platform import Platform, connected, running
from shared.telemetry import metrics
from tests.support.platform_pair import Answered, Asked, Pair, ask, both, count, order_in, produce
from tests.support.waiting import until


def now() -> datetime:
    return datetime.now(UTC)


async def fates(platform: Platform) -> list[str]:
    return [row["fate"] for row in await platform.pool.fetch("select fate from dead_letters order by id")]


async def answered(platform: Platform, wanted: int) -> None:
    async def so() -> bool:
        return await count(platform, Answered) == wanted

    await until(so)


async def test_what_alerts_count_is_there_from_zero(pair: Pair) -> None:
    """`increase` does not see a series begin at one: the first record would have had no alert."""
    async with connected(pair.answerer, pair.settings(pair.answerer_dsn)) as (_, service):
        assert service.consumes
        for topic in service.consumes:
            of_topic = {"messaging_destination_name": topic.name}
            for name in ("messaging_foreign_records_total", "messaging_missed_records_total"):
                assert REGISTRY.get_sample_value(name, of_topic) == 0, (name, topic.name)
        assert REGISTRY.get_sample_value("ledger_undecided_total", {"kind": ORDER}) is not None


async def test_a_fact_is_believed_on_its_own_topic_only(pair: Pair) -> None:
    """Answered is what the answerer publishes; on the topic of who asks, nobody of ours has sent it."""
    async with both(pair) as (asker, answerer):
        forged = Answered(order_id=uuid4(), occurred_at=now())
        await produce(pair, pair.asks.name, forged)
        await ask(asker, "plain")
        await answered(asker, 1)
        assert await fates(answerer) == ["foreign"]
        assert await count(answerer, CaseOpened) == 0
        assert await answerer.pool.fetchval("select count(*) from facts where stream_id = $1", forged.order_id) == 0
        assert await dead_letters.find(answerer.pool) == []
        [letter] = await dead_letters.find(answerer.pool, waiting=False)
        assert (letter.type, letter.cause) == (Answered.TYPE, "no such fact is published on this topic")


async def test_a_second_fact_under_a_made_up_id_is_foreign(pair: Pair) -> None:
    async with both(pair) as (asker, answerer):
        [order] = await ask(asker, "plain")
        await answered(asker, 1)
        forged = Asked(order_id=order, occurred_at=now(), text="another").model_copy(update={"id": uuid4()})
        await produce(pair, pair.asks.name, forged)
        await ask(asker, "plain")
        await answered(asker, 2)
        await until(lambda: fates(answerer))
        assert await fates(answerer) == ["foreign"]
        assert await count(answerer, Asked) == 2


@pytest.mark.parametrize(("service", "fate"), [("carrier", None), ("customs", "foreign")])
def test_a_case_is_believed_from_the_service_that_it_names(service: str, fate: str | None) -> None:
    case = CaseOpened(
        order_id=uuid4(),
        occurred_at=now(),
        case="needs_attention:x",
        service=service,
        kind="needs_attention",
        reason="x",
        action="look_into",
    )
    nothing: Any = None
    decoder = Decoder([topics.CARRIER], [CaseOpened], nothing, now)
    fields = headers(case.id, case.TYPE, "carrier", str(case.order_id), "0@0", None)
    raw = SimpleNamespace(
        offset=0, key=str(case.order_id).encode(), value=case.model_dump_json().encode(), headers=fields
    )
    read = decoder.read(as_record(TopicPartition(topics.CARRIER.name, 0), raw))
    assert (read.event, read.fate if read.cause else None) == (None if fate else case, fate)


@pytest.mark.parametrize(
    ("key", "body"), [(b"nobody", b"{}"), (b"6f9619ff-8b86-5d11-b42d-00cf4fc964ff", b"{")], ids=["key", "body"]
)
def test_a_record_of_a_person_that_orders_cannot_have_sent_is_foreign(key: bytes, body: bytes) -> None:
    nothing: Any = None
    decoder = Decoder([topics.PERSONAL], [], nothing, now, [Persons({})])
    raw = SimpleNamespace(offset=0, key=key, value=body, headers=[])
    read = decoder.read(as_record(TopicPartition(topics.PERSONAL.name, 0), raw))
    assert read.cause
    assert read.fate == "foreign"


async def test_a_parked_record_that_cannot_be_handled_after_all_is_failing_with_a_case(pair: Pair) -> None:
    newer = Asked(order_id=uuid4(), occurred_at=now())
    async with both(pair) as (_, answerer):
        await produce(pair, pair.asks.name, newer, kind="test-asked.v7", body=b"[]")
        await until(lambda: fates(answerer))
        await answerer.pool.execute("update dead_letters set type = 'test-asked.v1'")
        await answerer.letters.replay_parked()

        async def failing() -> bool:
            return await fates(answerer) == ["failing"]

        await until(failing)  # whoever was first
        assert await count(answerer, CaseOpened) == 1


async def test_a_fact_whose_name_an_older_release_did_not_know_is_handled_by_one_that_knows_it(pair: Pair) -> None:
    """The older release puts it away as foreign; what is foreign to the newer one too stays so."""
    order, forged = uuid4(), uuid4()
    async with both(pair) as (asker, answerer):
        await produce(pair, pair.asks.name, Asked(order_id=order, occurred_at=now()), kind="of-the-future.v1")
        await produce(pair, pair.asks.name, Answered(order_id=forged, occurred_at=now()))

        async def both_put_away() -> bool:
            return await fates(answerer) == ["foreign", "foreign"]

        await until(both_put_away)
        await answerer.pool.execute("update dead_letters set type = 'test-asked.v1' where type = 'of-the-future.v1'")
        await answerer.letters.replay_parked()
        await answered(asker, 1)
        waiting = await answerer.pool.fetch("select type from dead_letters where replayed_at is null")
        assert [row["type"] for row in waiting] == [Answered.TYPE]


async def test_a_flood_of_forged_records_stops_nobody_and_is_kept_within_bounds(pair: Pair) -> None:
    before = metrics.foreign.labels(pair.asks.name)._value.get()
    flood = FOREIGN_AN_HOUR + 50
    async with both(pair) as (asker, answerer):
        await produce(pair, pair.asks.name, Answered(order_id=uuid4(), occurred_at=now()), times=flood)
        await ask(asker, *["plain"] * 20)
        await answered(asker, 20)

        async def all_counted() -> bool:
            return bool(metrics.foreign.labels(pair.asks.name)._value.get() == before + flood)

        await until(all_counted)
        assert len(await fates(answerer)) == FOREIGN_AN_HOUR
        assert not any(loop.stopped for loop in answerer.state.loops)


@pytest.mark.parametrize("generation", ["999999999@0", "1@999999999"])
async def test_a_generation_that_cannot_be_is_not_stored(pair: Pair, generation: str) -> None:
    async with both(pair) as (asker, answerer):
        await produce(pair, pair.asks.name, Asked(order_id=order_in(0), occurred_at=now()), generation=generation)
        await until(lambda: fates(answerer))
        assert await fates(answerer) == ["foreign"]
        assert await answerer.pool.fetchval("select max(generation) from positions") == 0
        await ask(asker, "plain")
        await answered(asker, 1)


async def test_what_an_older_replica_parks_is_handled_by_one_that_runs_and_knows_it(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two releases run beside each other for as long as one likes: nobody starts again for it."""
    monkeypatch.setattr(dead_letters, "PARKED_SECONDS", 0.2)
    newer = [Asked(order_id=uuid4(), occurred_at=now()) for _ in range(20)]
    async with both(pair) as (asker, answerer):
        for fact in newer:
            await produce(pair, pair.asks.name, fact, kind="test-asked.v7")
        await ask(asker, *["plain"] * 20)
        await answered(asker, 20)

        async def parked() -> bool:
            return await fates(answerer) == ["newer"] * len(newer)

        await until(parked)
        # As if another replica, of an older version, had parked them.
        await answerer.pool.execute("update dead_letters set type = 'test-asked.v1'")
        await answered(asker, 40)
        assert await count(answerer, CaseOpened) == 0
        assert await answerer.pool.fetchval("select count(*) from dead_letters where replayed_at is null") == 0


async def test_a_newer_version_is_parked_without_a_case_and_handled_at_the_start_of_one_that_knows_it(
    pair: Pair,
) -> None:
    newer = Asked(order_id=uuid4(), occurred_at=now())
    async with both(pair) as (_, answerer):
        await produce(pair, pair.asks.name, newer, kind="test-asked.v7")
        await until(lambda: fates(answerer))
        assert await fates(answerer) == ["newer"]
        assert await count(answerer, CaseOpened) == 0
        # As if the version that runs from now on had been the one that knows it.
        await answerer.pool.execute("update dead_letters set type = 'test-asked.v1'")
    async with running(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, _app):
        await answered(answerer, 1)
        assert await answerer.pool.fetchval("select count(*) from dead_letters where replayed_at is null") == 0


async def test_what_retention_removed_before_it_was_read_is_counted_and_reported(
    pair: Pair, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    partition, missed = TopicPartition(pair.asks.name, 0), metrics.missed.labels(pair.asks.name)
    before = missed._value.get()
    async with both(pair) as (asker, _):
        await ask(asker, "plain", partition=0)
        await answered(asker, 1)
    for _ in range(3):
        await produce(pair, pair.asks.name, Asked(order_id=order_in(0), occurred_at=now()), partition=0)
    if isinstance(servers.broker, Broker):
        as_if_removed(monkeypatch, partition, 3)
    else:
        await remove(pair.bootstrap, partition, 3)
    with capture_logs() as logged:
        async with running(pair.answerer, pair.settings(pair.answerer_dsn)) as (answerer, _app):
            await answered(answerer, 2)
            position = await answerer.pool.fetchval("select next_offset from positions where partition = 0")
    assert (missed._value.get() - before, position) == (2, 4)
    [error] = [line for line in logged if line["event"] == "records were removed before they were read"]
    assert (error["log_level"], error["topic"], error["partition"], error["missed"]) == ("error", *partition, 2)


async def remove(bootstrap: str, partition: TopicPartition, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_records({partition: RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()


def as_if_removed(monkeypatch: pytest.MonkeyPatch, partition: TopicPartition, before: int) -> None:
    """What a broker answers that has removed these records, for the embedded one, which removes none."""
    fetch, beginnings = Consumer._fetch, LogProbe.beginnings

    async def out_of_range(self: Consumer) -> Any:
        if 0 < self._next.get(partition, before) < before:
            raise OffsetOutOfRangeError({partition: self._next[partition]})
        return await fetch(self)

    async def later(self: LogProbe, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        begins = await beginnings(self, partitions)
        return begins | {partition: max(begins[partition], before)} if partition in begins else begins

    monkeypatch.setattr(Consumer, "_fetch", out_of_range)
    monkeypatch.setattr(LogProbe, "beginnings", later)
