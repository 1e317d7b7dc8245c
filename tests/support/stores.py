"""The databases and logs of a stack, read from outside while faults come and go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from contracts.topics import subscribed_by
from services.registry import SERVICES
from shared.db import TRANSIENT
from shared.messaging.partition_log import LogProbe
from shared.settings import PlatformSettings

PATIENCE_SECONDS = 60.0


class Stores:
    """One connection a database, opened when it is needed and again when it was lost."""

    def __init__(self, dsns: Mapping[str, str], bootstrap: str) -> None:
        self._dsns = dict(dsns)
        self._open: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self._locks = {name: asyncio.Lock() for name in dsns}
        self._settings = PlatformSettings(kafka_bootstrap=bootstrap)
        self._probe: LogProbe | None = None

    async def rows(self, service: str, sql: str, *values: object) -> list[asyncpg.Record]:
        """What the service's own database answers; waits for one that is away."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                async with self._locks[service]:
                    return await (await self._connection(service)).fetch(sql, *values)
            except TRANSIENT:
                await self.let_go(service)
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.2)

    async def value(self, service: str, sql: str, *values: object) -> Any:
        return (await self.rows(service, sql, *values))[0][0]

    async def _connection(self, service: str) -> asyncpg.Connection[asyncpg.Record]:
        known = self._open.get(service)
        if known is None or known.is_closed():
            known = await asyncpg.connect(self._dsns[service], timeout=5, command_timeout=20)
            self._open[service] = known
        return known

    async def let_go(self, service: str) -> None:
        """No connection of ours to this database stays open."""
        known = self._open.pop(service, None)
        if known is not None:
            known.terminate()

    async def close(self) -> None:
        for service in SERVICES:
            await self.let_go(service)
        if self._probe is not None:
            await self._probe.stop()

    async def ends(self) -> dict[TopicPartition, int]:
        """The log end of every partition that is read; waits for a broker that is away."""
        topics = sorted({topic.name for service in SERVICES for topic in subscribed_by(service)})
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self._probe is None:
                    probe = LogProbe(self._settings)
                    await probe.start()
                    self._probe = probe
                return await self._probe.ends(await self._probe.partitions(topics))
            except (KafkaError, *TRANSIENT):
                if self._probe is not None:
                    await self._probe.stop()
                    self._probe = None
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.2)

    async def records(self, partitions: Sequence[TopicPartition]) -> AsyncIterator[tuple[TopicPartition, Any]]:
        """All that the logs of these hold, one after another. Raises KafkaError."""
        probe = LogProbe(self._settings)
        await probe.start()
        try:
            async for record in probe.records_since(await probe.beginnings(partitions)):
                yield record
        finally:
            await probe.stop()

    async def published(self) -> dict[str, int]:
        """How far each outbox reaches now."""
        return {service: await self.value(service, "select coalesce(max(id), 0) from outbox") for service in SERVICES}

    async def not_sent(self, up_to: Mapping[str, int]) -> list[str]:
        """What of the outboxes is not sent yet, or was sent to logs that have lost it, in words."""
        faults = []
        for service, last in up_to.items():
            unsent = "select count(*) from outbox where sent_at is null and id <= $1"
            if count := await self.value(service, unsent, last):
                faults.append(f"{service}: {count} unsent")
        published = await self._acknowledged()
        ends = await self.ends()
        return faults + [
            f"{partition.topic}/{partition.partition} ends at {ends[partition]}, {count} were acknowledged"
            for partition, count in published.items()
            if partition in ends and ends[partition] < count
        ]

    async def not_read(self, up_to: Mapping[TopicPartition, int], services: Sequence[str] = SERVICES) -> list[str]:
        """Who of these has not read as far yet, or believes to be further than the log is, in words."""
        consumed = await self._positions()
        ends = await self.ends()
        return [
            f"{service} is at {position} of {end} in {partition.topic}/{partition.partition}"
            for service in services
            for topic in subscribed_by(service)
            for partition, end in up_to.items()
            if partition.topic == topic.name
            and not end <= (position := consumed.get((service, partition), 0)) <= ends[partition]
        ]

    async def reads_beyond(self, ends: Mapping[TopicPartition, int], service: str) -> bool:
        """Whether this service has read anything that was published after these ends."""
        return any(
            position > ends[partition]
            for (name, partition), position in (await self._positions()).items()
            if name == service
        )

    async def _acknowledged(self) -> dict[TopicPartition, int]:
        acknowledged: dict[TopicPartition, int] = {}
        for service in SERVICES:
            for row in await self.rows(service, "select topic, partition, highest_offset from log_ends"):
                acknowledged[TopicPartition(row["topic"], row["partition"])] = row["highest_offset"] + 1
        return acknowledged

    async def _positions(self) -> dict[tuple[str, TopicPartition], int]:
        positions: dict[tuple[str, TopicPartition], int] = {}
        for service in SERVICES:
            for row in await self.rows(service, "select topic, partition, next_offset from positions"):
                positions[service, TopicPartition(row["topic"], row["partition"])] = row["next_offset"]
        return positions
