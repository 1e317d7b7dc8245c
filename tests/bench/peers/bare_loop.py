"""The limit of the event line: batches in, batches out, the same events parsed and made, nothing kept."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from contracts import topics
from contracts.base import Event
from contracts.carrier import LabelCreated
from contracts.customs import ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.warehouse import OrderPacked
from shared.ledger import outbox
from shared.ledger.outbox import partition_of
from shared.messaging.decoder import as_record
from shared.messaging.relay import BATCH_BYTES
from shared.settings import PlatformSettings
from tests.bench.peers.listening import listen
from tests.bench.samples import declared, handed_over, labelled, packed, reserved, screened


async def run(settings: PlatformSettings, name: str) -> None:
    """One service without its database, until killed."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    consumer = await listen(settings, name, personal=False)
    topic = topics.of_producer(name).name
    while True:
        fetched = await consumer.getmany(timeout_ms=500, max_records=500)
        partitions: dict[int, list[Event]] = defaultdict(list)
        for partition, raw_records in fetched.items():
            for raw in raw_records:
                kind = Event.BY_TYPE[as_record(partition, raw).type]
                for event in _next(name, kind.model_validate_json(raw.value)):
                    partitions[partition_of(str(event.stream_id))].append(event)
        await asyncio.gather(
            *(_send(producer, topic, name, partition, events) for partition, events in partitions.items())
        )
        if fetched:
            await consumer.commit()


async def _send(producer: AIOKafkaProducer, topic: str, name: str, partition: int, events: Sequence[Event]) -> None:
    batch = producer.create_batch()
    for event in events:
        fields = outbox.headers(event.id, event.TYPE, name, str(event.stream_id), "0@0", None)
        body, key = event.model_dump_json().encode(), str(event.stream_id).encode()
        if batch.append(key=key, value=body, timestamp=None, headers=fields) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=body, timestamp=None, headers=fields)
    await (await producer.send_batch(batch, topic, partition=partition))


def _next(name: str, event: Event) -> list[Event]:
    """The same chain of events without any rule: only what the message itself holds."""
    match name, event:
        case "customs", OrderPlaced():
            return [screened(event)]
        case "warehouse", OrderPlaced():
            return [reserved(event), packed(event)]
        case "customs", OrderPacked():
            return [declared(event)]
        case "carrier", ParcelDeclared():
            return [labelled(event.order_id)]
        case "warehouse", LabelCreated():
            return [handed_over(event)]
        case _:
            return []
