"""Markers of erasures, as a service reads them at its start: what a database has consumed is restored with it, so that
they are read from their beginning, and not from a stored position."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from contracts.base import Value
from shared.loop import Loop
from shared.messaging.partition_log import LogProbe
from shared.telemetry import log

BATCH = 1_000
M = TypeVar("M", bound=Value)


async def read_markers(probe: LogProbe, topic: str, kind: type[M], key: Callable[[M], str]) -> AsyncIterator[M]:
    """All markers on this topic; what is none, or is not under the key of one, is logged. Raises KafkaError,
    UnreadableBatch."""
    async for _, record in probe.records_since(await probe.beginnings(await probe.partitions([topic]))):
        try:
            marker: M | None = kind.model_validate_json(getattr(record, "value", None) or b"")
        except ValidationError:
            marker = None
        if marker is None or record.key != key(marker).encode():
            log.error("no marker of an erasure", topic=topic, offset=record.offset)
            continue
        yield marker


async def read_batches(
    probe: LogProbe, topic: str, kind: type[M], key: Callable[[M], str], loop: Loop
) -> AsyncIterator[Sequence[M]]:
    """As `read_markers`, at most BATCH at a time."""
    batch: list[M] = []
    async for marker in read_markers(probe, topic, kind, key):
        batch.append(marker)
        if len(batch) == BATCH:
            loop.tick()
            yield batch
            batch = []
    if batch:
        yield batch
