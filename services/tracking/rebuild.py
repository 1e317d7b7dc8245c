"""Builds every document anew from the topics alone, and says whether the bytes are the same."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.tracking import store
from shared.db import TRANSIENT
from shared.messaging import positions
from shared.messaging.partition_log import LogProbe
from shared.platform import Make, Platform, connected, running
from shared.settings import PlatformSettings

POLL_SECONDS = 0.1
STILL_SECONDS = 60.0
"""No progress for so long: the rebuilding is given up."""


class NotRebuildableError(Exception):
    """The topics cannot give back what the view holds; nothing was touched, or the message says how far it got."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the view was, and what it is now."""

    before: Mapping[UUID, store.Version]
    after: Mapping[UUID, store.Version]

    @property
    def moved_on(self) -> frozenset[UUID]:
        """Orders of which more was said than the view had heard when it was stopped: nothing to compare."""
        known = {order: version.consumed for order, version in self.before.items()}
        return frozenset(order for order, version in self.after.items() if version.consumed > known.get(order, 0))

    @property
    def same(self) -> bool:
        return not self.changed

    @property
    def changed(self) -> list[UUID]:
        """Orders that have not moved on and whose bytes differ, or that are gone."""
        after = {order: version.digest for order, version in self.after.items()}
        differing = (order for order, version in self.before.items() if after.get(order) != version.digest)
        return sorted(set(differing) - self.moved_on)

    @property
    def digests(self) -> tuple[str, str]:
        """Before and after: one SHA-256 over all documents that have not moved on, by order id."""
        return self._digest(self.before), self._digest(self.after)

    def _digest(self, versions: Mapping[UUID, store.Version]) -> str:
        compared = sorted(versions.keys() - self.moved_on)
        return hashlib.sha256("".join(f"{order} {versions[order].digest}\n" for order in compared).encode()).hexdigest()


async def rebuild(make: Make, settings: PlatformSettings, *, partial: bool = False) -> Outcome:
    """Forgets everything in one transaction, then hears all topics again up to their ends.

    Run it while the service itself is stopped; the others may go on. Raises NotRebuildableError before anything is
    touched when a topic no longer holds its beginning (`partial` goes on all the same: the view loses older orders),
    and later when the broker or the consumer gets no further.
    """
    async with connected(make, settings) as (platform, service):
        names = [topic.name for topic in service.consumes]
        ends = await _ends(settings, names, partial)
        async with platform.pool.acquire() as db, db.transaction():
            before = await store.versions(db)
            await store.forget_everything(db)
    async with running(make, settings) as (platform, _):
        await _reached(platform, ends)
        async with platform.pool.acquire() as db:
            return Outcome(before, await store.versions(db))


async def _ends(settings: PlatformSettings, names: Sequence[str], partial: bool) -> dict[TopicPartition, int]:
    probe = LogProbe(settings)
    try:
        await probe.start()
        partitions = await probe.partitions(names)
        # In this order: a `stop` right after the reading of the ends is lost on aiokafka's fetcher, and hangs.
        ends = await probe.ends(partitions)
        begins = await probe.beginnings(partitions)
    except KafkaError as error:
        raise NotRebuildableError(f"the broker does not answer: {type(error).__name__}") from error
    finally:
        await probe.stop()
    gone = sorted({partition.topic for partition in partitions if begins[partition] > 0})
    if gone and not partial:
        raise NotRebuildableError(f"{', '.join(gone)} no longer begins at the beginning")
    return ends


async def _reached(platform: Platform, ends: Mapping[TopicPartition, int]) -> None:
    """Waits until everything up to these ends is recorded."""
    consumed, since = -1, time.monotonic()
    while True:
        try:
            at = await positions.read(platform.pool)
        except TRANSIENT as error:
            raise NotRebuildableError(f"the database does not answer: {type(error).__name__}") from error
        if all(at.get(partition, 0) >= end for partition, end in ends.items()):
            return
        if sum(at.values()) != consumed:
            consumed, since = sum(at.values()), time.monotonic()
        elif time.monotonic() - since > STILL_SECONDS:
            raise NotRebuildableError(f"no progress after {consumed} records of {sum(ends.values())}")
        await asyncio.sleep(POLL_SECONDS)
