"""A service as tutorials write it: the same handlers on the same database, but one message, one transaction, one send
at a time; one outside call at a time; each call-back by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.carrier.store import intake
from services.carrier.tasks import publishing
from shared.db import TRANSIENT
from shared.jobs import worker as jobs
from shared.jobs.worker import Worker
from shared.ledger import outbox
from shared.loop import Loop
from shared.messaging.decoder import as_record
from shared.operations import readiness
from shared.operations.internal_api import internal_app
from shared.platform import Make, Platform, build_app, connected
from shared.settings import PlatformSettings
from shared.supervise import Group
from tests.bench.peers.listening import listen
from tests.bench.peers.serving import serve_app

LOOKS_EVERY = 0.05


class Sender:
    """Sends what the outbox holds: each event is sent, awaited and marked before the next."""

    def __init__(self, platform: Platform, producer: AIOKafkaProducer, name: str) -> None:
        self._platform, self._producer, self._name = platform, producer, name
        self._turn = asyncio.Lock()

    async def send_all(self) -> None:
        async with self._turn:
            pool = self._platform.pool
            for row in await pool.fetch("select * from outbox where sent_at is null order by id"):
                fields = outbox.headers(row["event_id"], row["type"], self._name, row["key"], "0@0", row["traceparent"])
                body, key = row["body"].encode(), row["key"].encode()
                await self._producer.send_and_wait(row["topic"], body, key, headers=fields)
                await pool.execute("update outbox set sent_at = now() where id = $1", row["id"])

    async def run(self, wake: asyncio.Event, loop: Loop) -> None:
        """For what did not come of a message: requests, answers from outside."""
        while True:
            wake.clear()
            await self.send_all()
            loop.healthy()
            loop.tick()
            try:
                async with asyncio.timeout(LOOKS_EVERY):
                    await wake.wait()
            except TimeoutError:
                continue


async def consume(platform: Platform, consumer: AIOKafkaConsumer, sender: Sender, loop: Loop) -> None:
    """One message, one transaction; each event it leads to is sent and awaited; then the offset is committed."""
    loop.healthy()
    async for raw in consumer:
        loop.tick()
        read = platform.decoder.read(as_record(TopicPartition(raw.topic, raw.partition), raw))
        while True:
            try:
                async with platform.ledger.transaction() as db:
                    await platform.decoder.apply(db, [read])
                break
            except TRANSIENT as error:
                await loop.back_off(error)
        await sender.send_all()
        await consumer.commit()


async def run(make: Make, settings: PlatformSettings, name: str) -> None:
    """The whole service, with its HTTP side, until SIGTERM."""
    jobs.COMMIT_TOGETHER = intake.KEEP_TOGETHER = publishing.PUBLISH_TOGETHER = 1
    async with connected(make, settings) as (platform, service):
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all")
        await producer.start()
        sender, wake = Sender(platform, producer, name), asyncio.Event()
        kinds = [replace(kind, concurrency=1) for kind in service.jobs]
        workers = [Worker(platform.pool, platform.ledger, kind) for kind in kinds]
        platform.wakers += [wake.set, *(worker.wake for worker in workers)]
        consumer = await listen(settings, name, bool(service.keepers))
        app = internal_app(platform.state, settings.stuck_after_seconds, build_app(platform, service))
        async with Group() as group:
            group.start(
                readiness.keep_beating(platform.state.heartbeat, platform.pool, platform.state.loop("heartbeat"))
            )
            group.start(consume(platform, consumer, sender, platform.state.loop("consumer")))
            group.start(sender.run(wake, platform.state.loop("sender")))
            for worker in workers:
                group.start(worker.run(platform.state.loop(worker.name)))
            for task in service.tasks:
                group.start(task.run(platform.state.loop(task.name)))
            await asyncio.wait(
                {asyncio.create_task(serve_app(app, settings)), _broken(group)},
                return_when=asyncio.FIRST_COMPLETED,
            )
        await consumer.stop()
        await producer.stop()


def _broken(group: Group) -> asyncio.Task[None]:
    return asyncio.create_task(group.forever())
