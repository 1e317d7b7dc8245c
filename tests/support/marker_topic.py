"""A topic of markers of erasures, as a probe reads it: no broker is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any


class MarkerTopic:
    def __init__(self, topic: str, records: Sequence[tuple[bytes | None, bytes | None]]) -> None:
        """`records`: key and value of each, from offset 0."""
        self.topic = topic
        self.records = records

    async def partitions(self, topics: list[str]) -> list[str]:
        assert topics == [self.topic]
        return ["p"]

    async def beginnings(self, partitions: list[str]) -> dict[str, int]:
        return dict.fromkeys(partitions, 0)

    async def records_since(self, starts: dict[str, int]) -> AsyncIterator[tuple[str, Any]]:
        for partition, start in starts.items():
            for offset, (key, value) in enumerate(self.records[start:]):
                yield partition, SimpleNamespace(key=key, value=value, offset=offset)
