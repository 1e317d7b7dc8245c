"""Documents that are built anew from the topics alone have the same bytes."""

from __future__ import annotations

import base64
import random
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from contracts import topics
from contracts.base import Event
from contracts.cases import CaseOpened
from sandbox.local.servers import Broker
from services.tracking.domain.comparison import Comparison
from services.tracking.main import service
from services.tracking.rebuild import NotRebuildableError, rebuild
from services.tracking.settings import Settings
from shared.ledger.outbox import headers
from shared.platform import connected
from tests.support.databases import FreshDatabase
from tests.support.tracking_orders import label, packed, placed, scan


async def publish(broker: Broker, events: list[Event]) -> None:
    """As the relays of the other services do; every record twice, for repeats change nothing."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await producer.start()
    for event in [*events, *events]:
        topic = next(topic for topic in topics.subscribed_by("tracking") if type(event) in topic.events)
        fields = headers(event.id, event.TYPE, topic.producer, str(event.stream_id), "0@0", None)
        key = str(event.stream_id).encode()
        await producer.send_and_wait(topic.name, event.model_dump_json().encode(), key, headers=fields)
    await producer.stop()


@pytest.mark.slow
async def test_the_same_topics_give_the_same_bytes(own_broker: Broker, fresh_database: FreshDatabase) -> None:
    events: list[Event] = []
    for number in range(20):
        order = uuid4()
        events += [placed(order), packed(order, 2), label(order, 1), label(order, 2)]
        events += [scan(order, "PC1", "accepted", 24, parcel) for parcel in (1, 2)]
        events += [scan(order, "DO1", "customs", 30), scan(order, "ET3", "arrived_destination", 90 + number)]
        case = CaseOpened(
            order_id=order, occurred_at=placed(order).occurred_at, case="enquiry:2", service="carrier",
            kind="enquiry", parcel=2, reason="silence", action="search_with_carrier",
        )  # fmt: skip
        events.append(case)
    random.Random(3).shuffle(events)
    await publish(own_broker, events)
    key = base64.b64encode(bytes(32)).decode()
    settings = Settings(
        database_url=SecretStr(await fresh_database("tracking")),
        kafka_bootstrap=own_broker.bootstrap,
        storage_key=SecretStr(key),
        link_keys=SecretStr(f"v1:{key}"),
    )

    first = await rebuild(service, settings)
    assert (len(first.before), len(first.after), len(first.advanced)) == (0, 20, 20)

    async with connected(service, settings) as (platform, _):
        await platform.pool.execute("update documents set body = body || ' ' where order_id = $1", order)
    second = await rebuild(service, settings)
    assert (second.changed, second.advanced) == ([order], frozenset())
    assert second.digests[0] != second.digests[1]
    assert Comparison(first.after, second.after).same

    late = scan(order, "DI1", "delivered", 300)
    await publish(own_broker, [late])
    third = await rebuild(service, settings)
    assert third.advanced == {order}, "the last scan came after the documents were built"
    assert third.same
    assert third.digests[0] == third.digests[1]

    async with connected(service, settings) as (platform, _):
        opened_case = CaseOpened(
            order_id=order, occurred_at=late.occurred_at, case="dead_letter:tracking:x", service="tracking",
            kind="dead_letter", reason="dead_letter", action="replay_dead_letter",
        )  # fmt: skip
        async with platform.ledger.transaction() as db:
            await platform.ledger.append(db, opened_case)
    assert (await rebuild(service, settings)).same, "what tracking publishes is on no topic that it consumes"

    async with connected(service, settings) as (platform, _):
        await platform.pool.execute("delete from documents where order_id = $1", order)
    assert (await rebuild(service, settings)).changed == [order], "an order without its document has not advanced"


async def test_without_a_broker_nothing_is_deleted(own_broker: Broker, fresh_database: FreshDatabase) -> None:
    order = uuid4()
    settings = Settings(database_url=SecretStr(await fresh_database("tracking")), kafka_bootstrap=own_broker.bootstrap)
    own_broker.stop()

    async with connected(service, settings) as (platform, _):
        async with platform.ledger.transaction() as db:
            await platform.ledger.record(db, consumed=[placed(order)])
        with pytest.raises(NotRebuildableError):
            await rebuild(service, settings)
        assert await platform.pool.fetchval("select count(*) from documents") == 1
