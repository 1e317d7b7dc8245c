"""Putting events on the topics as services do, and waiting for those that follow."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts import topics
from contracts.base import Event, name_of
from contracts.persons import PersonRecord
from services.persons import records as persons
from shared.ledger import outbox
from shared.ledger.versions import wire_of
from tests.bench.servers import BenchError


@dataclass(frozen=True, slots=True)
class ConsumedRecord:
    """A record as it came."""

    type: str
    order_id: UUID
    body: bytes


@dataclass(slots=True)
class Weight:
    """What lies on the topics, in bytes of keys, values and headers, and how many records that is."""

    records: int = 0
    bytes: Counter[str] = field(default_factory=Counter)
    """By topic."""


class Wire:
    """A producer and a consumer of a bench's own."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self._producer, self._consumer = producer, consumer
        self.weight = Weight()

    async def publish(self, topic: str, source: str, events: Sequence[Event]) -> None:
        """Sends them as a service's relay would."""
        await self._send(
            [
                (topic, str(event.stream_id), wire_of(event).body, outbox.headers(*_about(event, source)))
                for event in events
            ]
        )

    async def publish_persons(self, records: Sequence[PersonRecord]) -> None:
        await self._send(
            [
                (
                    persons.TOPIC,
                    str(record.order_id),
                    record.model_dump_json(),
                    outbox.headers(uuid4(), persons.RECORD, "orders", str(record.order_id), "0@0", None),
                )
                for record in records
            ]
        )

    async def _send(self, messages: Sequence[tuple[str, str, str, list[tuple[str, bytes]]]]) -> None:
        sent = [
            await self._producer.send(topic, text.encode(), key.encode(), headers=headers)
            for topic, key, text, headers in messages
        ]
        await asyncio.gather(*sent)

    async def read(self) -> list[ConsumedRecord]:
        """What has come by now, or within a fifth of a second."""
        consumed = []
        for partition, batch in (await self._consumer.getmany(timeout_ms=200)).items():
            for raw in batch:
                self.weight.records += 1
                size = len(raw.key or b"") + len(raw.value or b"") + sum(len(n) + len(v) for n, v in raw.headers)
                self.weight.bytes[partition.topic] += size
                kind = dict(raw.headers)["ce_type"].decode()
                consumed.append(ConsumedRecord(kind, UUID(raw.key.decode()), raw.value or b""))
        return consumed

    async def until_all(self, kind: type[Event], order_ids: Collection[UUID], patience: float) -> float:
        """When (perf_counter) the last of these orders had this fact on its topic."""
        return (await self.until_each([kind], order_ids, patience))[kind]

    async def until_each(
        self, kinds: Sequence[type[Event]], order_ids: Collection[UUID], patience: float
    ) -> dict[type[Event], float]:
        """The same for several facts, which may come in any order."""
        waiting = {kind.NAME: set(order_ids) for kind in kinds}
        reached: dict[type[Event], float] = {}

        try:
            async with asyncio.timeout(patience):
                while len(reached) < len(kinds):
                    for consumed in await self.read():
                        if (name := name_of(consumed.type)) in waiting:
                            waiting[name].discard(consumed.order_id)
                    for kind in kinds:
                        if kind not in reached and not waiting[kind.NAME]:
                            reached[kind] = time.perf_counter()
        except TimeoutError:
            missing = {name: len(orders) for name, orders in waiting.items()}
            raise BenchError(f"after {patience:.0f} s these are still waited for: {missing}") from None
        return reached


def _about(event: Event, source: str) -> tuple[UUID, str, str, str, str, None]:
    return event.id, event.TYPE, source, str(event.stream_id), "0@0", None


@asynccontextmanager
async def wire(bootstrap: str, *read: str) -> AsyncIterator[Wire]:
    """Reads these topics from their beginning; all when none is named."""
    names = read or tuple(topic.name for topic in topics.TOPICS)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=500_000)
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=20)
    await producer.start()
    await consumer.start()
    try:
        yield Wire(producer, consumer)
    finally:
        await producer.stop()
        await consumer.stop()
