"""Where the logs of the broker begin and end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from shared.db import TRANSIENT
from shared.loop import Loop
from shared.messaging.fetching import Fetching
from shared.messaging.kafka import REQUEST_MS, connection
from shared.settings import PlatformSettings
from shared.telemetry import log

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
        self._silent = False
        """Set when a request was not answered in time: its connection may be lost unnoticed, and aiokafka closes it
        only after a wait that is longer than ours."""

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
        """Every partition of these topics. KafkaError when a topic has none, or the broker does not answer in time."""
        partitions: list[TopicPartition] = []
        async with self._asking():
            cluster = self._client._client
            for topic in topics:
                if topic not in cluster.cluster.topics():
                    await self._bounded(cluster.add_topic(topic))
                numbers = cluster.cluster.partitions_for_topic(topic)
                if not numbers:
                    raise KafkaError(f"{topic} has no partitions")
                partitions += [TopicPartition(topic, number) for number in sorted(numbers)]
        return partitions

    async def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the next record of each partition; KafkaError when the broker does not answer in time.

        Taken from the high watermark of a fetch: the embedded broker lists the start of the last batch instead.
        """
        wanted = list(partitions)
        if not wanted:
            return {}
        async with self._asking(), self._reading(await self._bounded(self._client.end_offsets(wanted))):
            ends: dict[TopicPartition, int] = {}
            until = time.monotonic() + PROBE_SECONDS
            while len(ends) < len(wanted):
                await self._client.getmany(timeout_ms=10)
                marks = {partition: self._client.highwater(partition) for partition in wanted}
                ends = {partition: mark for partition, mark in marks.items() if mark is not None}
                if time.monotonic() > until:
                    self._silent = True
                    raise KafkaError("the broker does not answer")
            return ends

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the oldest record kept."""
        async with self._asking():
            return await self._bounded(self._client.beginning_offsets(list(partitions)))

    async def records_since(self, starts: Mapping[TopicPartition, int]) -> AsyncIterator[tuple[TopicPartition, Any]]:
        """All records from these offsets to the ends as they are now, one partition after another; what cannot be read
        stands as `Unreadable`. KafkaError when the broker does not answer; UnreadableBatch."""
        ends = await self.ends(starts)
        for partition, position in starts.items():
            until = time.monotonic() + PROBE_SECONDS
            while position < ends[partition]:
                records, going_on = await self._bounded(self._fetching.read(partition, position, RECORDS_TOGETHER))
                for record in records:
                    yield partition, record
                if going_on > position:
                    position, until = going_on, time.monotonic() + PROBE_SECONDS
                elif time.monotonic() > until:
                    raise KafkaError("the broker does not answer")

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """One request at a time, to a client that is alive and has answered the last one."""
        async with self._one_at_a_time:
            if self._silent or reader_died(self._client):
                await self._renew()
            yield

    @asynccontextmanager
    async def _reading(self, starts: Mapping[TopicPartition, int]) -> AsyncIterator[None]:
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
        self._fetching, self._silent = Fetching(fresh, blind=True), False
        await stopped(dead)

    async def _bounded(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await call
        except TimeoutError:
            self._silent = True
            raise KafkaError("the broker does not answer") from None


def reader_died(client: AIOKafkaConsumer) -> bool:
    """Whether a background task of aiokafka has ended for an unexpected cause, as happens when brokers come and go: the
    client then reads nothing any more, mostly without an error. Only a new client helps."""
    tasks = (
        client._fetcher._fetch_task,
        getattr(client._coordinator, "_coordination_task", None),
        client._client._sync_task,
    )
    return any(task is not None and task.done() for task in tasks)


def sender_died(client: AIOKafkaProducer) -> bool:
    """The same for a producer, which then refuses everything."""
    return any(task is not None and task.done() for task in (client._sender.sender_task, client.client._sync_task))


async def stopped(client: AIOKafkaConsumer) -> None:
    """Stops a consumer reliably: aiokafka's fetcher can swallow the only cancel that it gets after a changed
    assignment."""
    _forget_dead(client._client)
    stopping = asyncio.ensure_future(client.stop())
    while not stopping.done():
        await asyncio.wait({stopping}, timeout=STOP_SECONDS)
        if not stopping.done():
            client._fetcher._fetch_task.cancel()
    try:
        await stopping
    except KafkaError:  # it had died, and raises only now
        await client._client.close()


async def sender_stopped(client: AIOKafkaProducer) -> None:
    """Stops a producer, also one that has died."""
    _forget_dead(client.client)
    await client.stop()


def _forget_dead(client: AIOKafkaClient) -> None:
    """Closing the client would raise the error of its metadata task, and wait for those who wait for metadata."""
    task = client._sync_task
    if task is not None and task.done():
        client._sync_task = None
        if client._md_update_fut is not None and not client._md_update_fut.done():
            client._md_update_fut.set_exception(KafkaError("the client has died"))
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a client of the broker has died", error=error)


async def started(start: Callable[[], Awaitable[None]], loop: Loop) -> None:
    """A broker that is away at the start is waited for, like one that goes away later."""
    await loop.attempt(start, (KafkaError, *TRANSIENT))


@asynccontextmanager
async def reading(settings: PlatformSettings) -> AsyncIterator[LogProbe]:
    """A probe for the caller alone, closed afterwards."""
    probe = LogProbe(settings)
    try:
        await probe.start()
        yield probe
    finally:
        await probe.stop()
