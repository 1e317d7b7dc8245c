"""Where the logs of the broker begin and end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.db import TRANSIENT
from shared.loop import Loop
from shared.messaging.fetching import Fetching
from shared.messaging.kafka import REQUEST_MS, connection
from shared.settings import PlatformSettings

PROBE_SECONDS = 5.0
STOP_SECONDS = 2.0
RECORDS_TOGETHER = 2000
T = TypeVar("T")


class LogProbe:
    """Asks the broker how far its logs reach; belongs to no group."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._client = self._new()
        self._fetching = Fetching(self._client, blind=True)
        self._one_at_a_time = asyncio.Lock()

    def _new(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **connection(self._settings),
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=50,
            request_timeout_ms=REQUEST_MS,
        )

    async def start(self) -> None:
        await self._client.start()

    async def stop(self) -> None:
        await stopped(self._client)

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Every partition of these topics."""
        found: list[TopicPartition] = []
        for topic in topics:
            cluster = self._client._client
            async with asyncio.timeout(PROBE_SECONDS):
                if topic not in cluster.cluster.topics():
                    await cluster.add_topic(topic)
                numbers = cluster.cluster.partitions_for_topic(topic)
            if not numbers:
                raise KafkaError(f"{topic} has no partitions")
            found += [TopicPartition(topic, number) for number in sorted(numbers)]
        return found

    async def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the next record of each partition; KafkaError when the broker does not answer in time.

        Taken from the high watermark of a fetch: the embedded broker lists the start of the last batch instead.
        """
        wanted = list(partitions)
        if not wanted:
            return {}
        async with self._one_at_a_time, self._reading(await self._bounded(self._client.end_offsets(wanted))):
            found: dict[TopicPartition, int] = {}
            until = time.monotonic() + PROBE_SECONDS
            while len(found) < len(wanted):
                await self._client.getmany(timeout_ms=10)
                marks = {partition: self._client.highwater(partition) for partition in wanted}
                found = {partition: mark for partition, mark in marks.items() if mark is not None}
                if time.monotonic() > until:
                    raise KafkaError("the broker does not answer")
            return found

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the oldest record kept."""
        return await self._bounded(self._client.beginning_offsets(list(partitions)))

    async def records_since(self, starts: Mapping[TopicPartition, int]) -> AsyncIterator[tuple[TopicPartition, Any]]:
        """All records from these offsets to the ends as they are now, one partition after another; what cannot be read
        stands as `Unreadable`. KafkaError when the broker does not answer; UnreadableBatch."""
        ends = await self.ends(starts)
        for partition, at in starts.items():
            until = time.monotonic() + PROBE_SECONDS
            while at < ends[partition]:
                found, going_on = await self._bounded(self._fetching.read(partition, at, RECORDS_TOGETHER))
                for record in found:
                    yield partition, record
                if going_on > at:
                    at, until = going_on, time.monotonic() + PROBE_SECONDS
                elif time.monotonic() > until:
                    raise KafkaError("the broker does not answer")

    @asynccontextmanager
    async def _reading(self, starts: Mapping[TopicPartition, int]) -> AsyncIterator[None]:
        if reader_died(self._client):
            await self._renew()
        self._client.assign(list(starts))
        for partition, start in starts.items():
            self._client.seek(partition, start)
        try:
            yield
        finally:
            self._client.unsubscribe()

    async def _renew(self) -> None:
        """The new client takes the place of the dead one when it has started, and not before."""
        fresh = self._new()
        try:
            await self._bounded(fresh.start())
        except BaseException:
            await stopped(fresh)
            raise
        dead, self._client = self._client, fresh
        self._fetching = Fetching(fresh, blind=True)
        await stopped(dead)

    @staticmethod
    async def _bounded(call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await call
        except TimeoutError:
            raise KafkaError("the broker does not answer") from None


def reader_died(client: AIOKafkaConsumer) -> bool:
    """Whether a task that aiokafka keeps in the background has ended for a cause that it did not expect, as happens
    when brokers come and go: it reads nothing any more, mostly without saying so. Only a new client helps."""
    tasks = (client._fetcher._fetch_task, getattr(client._coordinator, "_coordination_task", None))
    return any(task is not None and task.done() for task in tasks)


def sender_died(client: AIOKafkaProducer) -> bool:
    """The same of a producer, which then refuses everything."""
    return bool(client._sender.sender_task.done())


async def stopped(client: AIOKafkaConsumer) -> None:
    """Stops a consumer for sure: aiokafka's fetcher can swallow the one cancel it gets after a changed assignment."""
    stopping = asyncio.ensure_future(client.stop())
    while not stopping.done():
        await asyncio.wait({stopping}, timeout=STOP_SECONDS)
        if not stopping.done():
            client._fetcher._fetch_task.cancel()
    try:
        await stopping
    except KafkaError:  # it had died, and raises only now
        await client._client.close()


async def started(start: Callable[[], Awaitable[None]], loop: Loop) -> None:
    """A broker that is away at the start is waited for, like one that goes away later."""
    await loop.attempt(start, (KafkaError, *TRANSIENT))


@asynccontextmanager
async def reading(settings: PlatformSettings) -> AsyncIterator[LogProbe]:
    """A probe of one's own, for a while."""
    probe = LogProbe(settings)
    try:
        await probe.start()
        yield probe
    finally:
        await probe.stop()
