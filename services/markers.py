"""Markers of erasures, as a service reads them at its start: what a database has consumed is restored with it, so that
they are read from their beginning, and not from a stored position."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from pydantic import ValidationError

from contracts.base import Value
from shared.messaging.partition_log import LogProbe
from shared.telemetry import log

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
