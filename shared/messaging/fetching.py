"""Reads logs in place of aiokafka where that would unpack a batch without a bound, or could not read it at all.

aiokafka's fetcher still asks the brokers and reads plain batches. From the brokers' answers, everything from the first
batch on that is compressed, or of an older format, is removed before aiokafka sees it. Such a batch, and any on which
aiokafka failed, is read by `shared.messaging.record_batches`. `tests/integration/test_unreadable_records.py` holds what
this relies on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    LeaderNotAvailableError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
    UnsupportedCodecError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from shared.db import TRANSIENT
from shared.messaging.record_batches import RawRecord, Unreadable, plain_prefix, read_slice

FETCH_BYTES = 4 * 1024 * 1024
ONE_BATCH = 1
"""Bytes: a broker sends the first record batch whole, however large it is (KIP-74)."""
WAIT_MS = 200
"""Milliseconds for which a broker may wait for records. There are some, so that Kafka answers at once; the embedded
broker searches until this time is over, and with 0 it answers nothing."""
ANEW = 3
"""How often a batch is fetched again whose checksum does not fit: it may have been damaged on its way."""
_OUT_OF_RANGE, _HANDLED = 1, {1, 3, 6, 29}
"""The errors in an answer that aiokafka raises (or for which it asks for new metadata); it ignores all others
silently."""


class Fetching:
    """Stands between a consumer of aiokafka and its brokers. `blind`: aiokafka is given no record, only where logs
    end."""

    def __init__(self, client: AIOKafkaConsumer, *, blind: bool = False) -> None:
        self._client = client._client
        self._send = client._client.send
        self._blind = blind
        self._apart: dict[TopicPartition, tuple[int, int, bytes]] = {}
        """Slices that begin with a batch that is not plain: from which offset, the high watermark, the bytes."""
        self._refused: dict[TopicPartition, type[KafkaError]] = {}
        self._confirmed: dict[TopicPartition, object] = {}
        """Over which connection the log of each was confirmed."""
        self.unconfirmed: dict[TopicPartition, object] = {}
        """The partitions answered over a connection over which nothing was confirmed yet, and that connection. A broker
        loses its log only when it goes down or another takes its place: over a new connection the log may be a
        different one."""
        self.high_watermarks: dict[TopicPartition, int] = {}
        """Each high watermark as last answered; aiokafka does not see those of the answers that are kept from it."""
        self._client.send = self._filtered

    def apart(self, partition: TopicPartition) -> bool:
        """Whether what comes next is kept from aiokafka. Instead it is given the error that the position is outside the
        log: the only error that it raises at once, with the partition, and without moving the position."""
        return partition in self._apart

    def check(self, partitions: Iterable[TopicPartition]) -> None:
        """Raises the KafkaError for which a broker refuses one of these: aiokafka would ask for ever, silently."""
        for partition in partitions:
            if (error := self._refused.get(partition)) is not None:
                raise error(partition)

    async def read(
        self, partition: TopicPartition, position: int, most: int
    ) -> tuple[list[RawRecord | Unreadable], int]:
        """The records from this position on, `most` at the most, and where to go on (the same position when there are
        none).

        Raises KafkaError, UnreadableBatch.
        """
        records: list[RawRecord | Unreadable] = []
        going_on = position
        for _ in range(1 + ANEW):
            offset, end, data = self._apart.pop(partition, (-1, 0, b""))
            if offset != position:
                end, data = await self._fetch(partition, position)
            records, going_on = read_slice(data, position, end, most) if data else ([], position)
            if not any(isinstance(record, Unreadable) and record.reason == "crc" for record in records):
                break
        return records, going_on

    def confirm(self, partition: TopicPartition, connection: object) -> None:
        """Records that the log behind this connection is the one that was read before, unless it was doubted
        meanwhile."""
        if self.unconfirmed.get(partition) is connection:
            del self.unconfirmed[partition]
            self._confirmed[partition] = connection

    def doubt(self, partitions: Iterable[TopicPartition]) -> None:
        """The next answers about these stay unconfirmed until `confirm`."""
        for partition in partitions:
            self._confirmed.pop(partition, None)
            self.unconfirmed.pop(partition, None)

    async def record_at(self, partition: TopicPartition, offset: int) -> RawRecord | Unreadable | None:
        """The record with this offset, or the next one where compaction has removed it; None when there is none.

        Raises KafkaError, UnreadableBatch.
        """
        end, data = await self._fetch(partition, offset, ONE_BATCH)
        records, _ = read_slice(data, offset, end, 1) if data else ([], offset)
        return records[0] if records else None

    async def _fetch(self, partition: TopicPartition, position: int, size: int = FETCH_BYTES) -> tuple[int, bytes]:
        node = self._client.cluster.leader_for_partition(partition)
        if node is None or node == -1:
            self._client.force_metadata_update()
            raise LeaderNotAvailableError(partition)
        wanted = [(partition.topic, [(partition.partition, position, size)])]
        answer = await self._send(node, FetchRequest(WAIT_MS, 1, size, 0, wanted))
        if not answer.topics:  # a broker that is going away
            raise KafkaError(f"no answer about {partition.topic}")
        [(_, [(_, code, end, *_, data)])] = answer.topics
        if code == _OUT_OF_RANGE:
            raise OffsetOutOfRangeError({partition: position})
        if code:
            self._client.force_metadata_update()
            raise for_code(code)(partition)
        self.high_watermarks[partition] = end
        return end, data or b""

    async def _filtered(self, node: Any, request: Any, **options: Any) -> Any:
        answer = await self._send(node, request, **options)
        if isinstance(request, FetchRequest):
            connection = self._client._conns.get((node, ConnectionGroup.DEFAULT))
            offsets = {(topic, part): offset for topic, parts in request.topics for part, offset, _ in parts}
            for topic, parts in answer.topics:
                for number, (part, code, end, *rest, data) in enumerate(parts):
                    partition, plain = TopicPartition(topic, part), 0 if self._blind else plain_prefix(data or b"")
                    self._refused.pop(partition, None)
                    if code == 0:
                        self.high_watermarks[partition] = end
                        if self._confirmed.get(partition) is not connection:
                            self.unconfirmed[partition] = connection
                    else:
                        self.doubt([partition])
                        if code not in _HANDLED:
                            self._refused[partition] = for_code(code)
                    if not data or plain == len(data):
                        continue
                    if not plain and not self._blind:
                        self._apart[partition] = (offsets[topic, part], end, data)
                        code = _OUT_OF_RANGE
                    parts[number] = (part, code, end, *rest, data[:plain])
        return answer


def undecodable(error: Exception) -> bool:
    """Whether aiokafka failed on the bytes that it read, and not on the broker."""
    if isinstance(error, KafkaError):
        return isinstance(error, (CorruptRecordException, UnsupportedCodecError, RecordTooLargeError))
    return not isinstance(error, TRANSIENT)
