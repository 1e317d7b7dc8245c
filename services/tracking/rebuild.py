"""The command `rebuild`: builds every document anew from the topics alone, and compares the bytes.

It stands outside the service, which it composes twice: to delete what is stored, and to run until the topics are
consumed. Nothing in the running service imports it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.tracking import store
from services.tracking.domain.comparison import Comparison
from shared.db import TRANSIENT
from shared.messaging import positions
from shared.messaging.partition_log import LogProbe
from shared.platform import Make, connected, running
from shared.settings import PlatformSettings

POLL_SECONDS = 0.1
NO_PROGRESS_SECONDS = 60.0
"""The rebuild is given up when no record was consumed for so long; real time."""


class NotRebuildableError(Exception):
    """The topics cannot give back what is stored; nothing was deleted, or the message says how far it got."""


async def rebuild(make: Make, settings: PlatformSettings, *, partial: bool = False) -> Comparison:
    """Deletes all documents, facts and positions in one transaction, then consumes all topics up to their ends.

    Run it while the service itself is stopped; the others may go on. Raises NotRebuildableError before anything is
    deleted when a topic no longer holds its beginning (with `partial` it goes on, and older orders are lost), and later
    when the broker does not answer or the consumer makes no progress.
    """
    async with connected(make, settings) as (platform, service):
        ends = await _ends(settings, [topic.name for topic in service.consumes], partial)
        async with platform.pool.acquire() as db, db.transaction():
            before = await store.versions(db)
            await store.delete_everything(db)
    async with running(make, settings) as (platform, _):
        await _consume_up_to(ends, platform.pool)
        async with platform.pool.acquire() as db:
            return Comparison(before, await store.versions(db))


async def _ends(settings: PlatformSettings, topics: Sequence[str], partial: bool) -> dict[TopicPartition, int]:
    """The end offset of every partition of these topics, which must hold their beginning unless `partial`."""
    probe = LogProbe(settings)
    try:
        await probe.start()
        partitions = await probe.partitions(topics)
        # In this order: a `stop` right after the reading of the ends is lost on aiokafka's fetcher, and hangs.
        ends = await probe.ends(partitions)
        beginnings = await probe.beginnings(partitions)
    except KafkaError as error:
        raise NotRebuildableError(f"the broker does not answer: {type(error).__name__}") from error
    finally:
        await probe.stop()
    truncated = sorted({partition.topic for partition in partitions if beginnings[partition] > 0})
    if truncated and not partial:
        raise NotRebuildableError(f"these topics no longer hold their beginning: {', '.join(truncated)}")
    return ends


async def _consume_up_to(ends: Mapping[TopicPartition, int], pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Waits until the consumer's positions have reached these ends."""
    consumed, since = -1, time.monotonic()
    while True:
        try:
            offsets = await positions.read(pool)
        except TRANSIENT as error:
            raise NotRebuildableError(f"the database does not answer: {type(error).__name__}") from error
        if all(offsets.get(partition, 0) >= end for partition, end in ends.items()):
            return
        if sum(offsets.values()) != consumed:
            consumed, since = sum(offsets.values()), time.monotonic()
        elif time.monotonic() - since > NO_PROGRESS_SECONDS:
            raise NotRebuildableError(f"no progress after {consumed} records of {sum(ends.values())}")
        await asyncio.sleep(POLL_SECONDS)
