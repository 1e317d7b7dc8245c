"""One service of the event line, as one of three contestants writes it: `python -m tests.bench.contestants NAME HOW`.

`batched`: as the project does. `one`: as tutorials do, the same handlers on the same database, but one message, one
transaction, one send at a time. `bare`: batches without a database, parsing and producing the same events; the limit.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts import topics
from contracts.base import Event
from contracts.carrier import LabelCreated
from contracts.customs import Article, Cn23, OrderScreened, ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked, ParcelHandedOver, StockReserved
from shared import outbox, persons
from shared.records import as_record
from shared.relay import BATCH_BYTES, partition_of
from shared.service import Make, connected, serve
from shared.settings import PlatformSettings
from tests.bench.answers import answered, label_for, parcel_of

PARTITIONS = 4


async def _listen(settings: PlatformSettings, name: str, personal: bool) -> AIOKafkaConsumer:
    heard = [topic.name for topic in topics.heard_by(name) if personal or topic.name != persons.TOPIC]
    consumer = AIOKafkaConsumer(
        *heard,
        bootstrap_servers=settings.kafka_bootstrap,
        group_id=name,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms,
    )
    await consumer.start()
    return consumer


async def one_at_a_time(make: Make, settings: PlatformSettings, name: str) -> None:
    """One message, one transaction; each event it leads to is sent and awaited; then the offset is committed."""
    async with connected(make, settings) as (platform, service):
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all")
        await producer.start()
        consumer = await _listen(settings, name, bool(service.seals))
        async for raw in consumer:
            read = platform.decoder.read(as_record(TopicPartition(raw.topic, raw.partition), raw))
            async with platform.ledger.transaction() as db:
                await platform.decoder.take_in(db, [read])
            for row in await platform.pool.fetch("select * from outbox where sent_at is null order by id"):
                fields = outbox.headers(row["event_id"], row["type"], name, row["key"], "0@0", row["traceparent"])
                body, key = row["body"].encode(), row["key"].encode()
                await producer.send_and_wait(row["topic"], body, key, headers=fields)
                await platform.pool.execute("update outbox set sent_at = now() where id = $1", row["id"])
            await consumer.commit()


async def bare(settings: PlatformSettings, name: str) -> None:
    """Batches in, batches out, nothing kept."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    consumer = await _listen(settings, name, personal=False)
    own = topics.of_producer(name).name
    while True:
        fetched = await consumer.getmany(timeout_ms=500, max_records=500)
        lanes: dict[int, list[Event]] = defaultdict(list)
        for lane, raw_records in fetched.items():
            for raw in raw_records:
                kind = Event.BY_TYPE[as_record(lane, raw).type]
                for event in _next(name, kind.model_validate_json(raw.value)):
                    lanes[partition_of(str(event.order_id), PARTITIONS)].append(event)
        await asyncio.gather(*(_send(producer, own, name, lane, events) for lane, events in lanes.items()))
        if fetched:
            await consumer.commit()


async def _send(producer: AIOKafkaProducer, topic: str, name: str, lane: int, events: Sequence[Event]) -> None:
    batch = producer.create_batch()
    for event in events:
        fields = outbox.headers(event.id, event.TYPE, name, str(event.order_id), "0@0", None)
        body, key = event.model_dump_json().encode(), str(event.order_id).encode()
        batch.append(key=key, value=body, timestamp=None, headers=fields)
    await (await producer.send_batch(batch, topic, partition=lane))


def _next(name: str, event: Event) -> list[Event]:
    """The same chain of events without any rule: only what the message itself holds."""
    known: dict[str, Any] = {"order_id": event.order_id, "occurred_at": datetime.now(UTC)}
    match name, event:
        case "customs", OrderPlaced():
            rate = {"rate": "7.8", "rate_date": "2026-11-01"}
            value = {"amount": "702.00", "currency": "CNY"}
            return [OrderScreened.model_validate({**known, **rate, "regime": "cbec_9610", "value_cny": value})]
        case "warehouse", OrderPlaced():
            return [StockReserved(**known), OrderPacked(**known, parcels=(parcel_of(event),))]
        case "customs", OrderPacked():
            return [_declared(event, known)]
        case "carrier", ParcelDeclared():
            return [label_for(event, known["occurred_at"])]
        case "warehouse", LabelCreated():
            return [ParcelHandedOver(**known, parcel=event.parcel, tracking_number=event.tracking_number)]
        case _:
            return []


def _declared(packed: OrderPacked, known: dict[str, Any]) -> ParcelDeclared:
    price = {"amount": "30.00", "currency": "EUR"}
    articles = tuple(
        Article.model_validate(
            {
                "description": "Hand cream, shea butter",
                "quantity": content.quantity,
                "net_weight_g": content.net_weight_g,
                "unit_value": price,
                "hs_code": "33049900",
                "origin": "FR",
            }
        )
        for content in packed.parcels[0].contents
    )
    form = {"articles": articles, "gross_weight_g": packed.parcels[0].weight_g, "postal_charges": price}
    money = dict.fromkeys(("goods", "freight", "discount", "tax", "total"), price)
    text = {"sub_order": "B-1-1", "export": "deemed", "eori": "FR123456789"}
    cn23 = Cn23.model_validate({**form, "invoice_number": "B-1-1"})
    return ParcelDeclared.model_validate({**known, **text, **money, "parcel": 1, "cn23": cn23})


def main(name: str, how: str) -> None:
    make, settings = answered(name)
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "one": lambda: one_at_a_time(make, settings, name),
        "bare": lambda: bare(settings, name),
    }
    if how == "batched":
        serve(make, settings, name)
    else:
        uvloop.run(loops[how]())  # type: ignore[arg-type]  # an awaitable of ours is a coroutine


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
