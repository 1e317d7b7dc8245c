"""The relay: sends the outbox to the broker."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from contracts.base import PARTITIONS
from shared import failpoints, tracing
from shared.db import DB, TRANSIENT
from shared.ledger import outbox
from shared.ledger.outbox import headers
from shared.loop import Loop, back_off_seconds
from shared.messaging.generations import LogEnd, advance, log_ends, notice_lost_tail
from shared.messaging.kafka import REQUEST_MS, connection
from shared.messaging.partition_log import LogProbe, sender_died, sender_stopped, started
from shared.settings import PlatformSettings
from shared.telemetry import log, metrics

ROWS_A_PARTITION = 1000
"""At the most, in one round."""
ROUND_SECONDS = 1.0
"""How long a round waits for its slowest partition before it marks the others."""
Refused: TypeAlias = Callable[[asyncpg.Record], Awaitable[None]]
"""Stores a row of the outbox that is too large for the broker as a dead letter, so that it holds up nothing behind
it."""
BATCH_BYTES = 900_000
"""Below the broker's default limit of 1 MiB for a record batch."""
SLOW_POLL_SECONDS = 1.0
BUSY_RETRY_SECONDS = 0.01
LOG_CHECK_SECONDS = 3.0
LEAVE_SECONDS = 5.0
"""Seconds for sending what is due when the service is stopped; the rest is sent by a replica, or after the next
start."""
_LOCK = 0x5349_4C4B  # one relay a database at a time
_CLAIM = """
    select current_setting('transaction_read_only')::boolean as read_only, pg_try_advisory_xact_lock($1) as ours
    from set_config('synchronous_commit', 'off', true)
"""
"""The marks need not be on disk when the server dies: rows without them are sent again."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """Until when (monotonic) a partition is not tried, after how many failures, and the type of the last one."""

    until: float
    failures: int
    cause: str


_NO_REST = _Rest(0.0, 0, "")


class Relay:
    """Sends the outbox. One at a time in a database; a replica that finds it busy tries again shortly."""

    def __init__(
        self,
        settings: PlatformSettings,
        pool: asyncpg.Pool[asyncpg.Record],
        probe: LogProbe,
        service: str,
        topics: Sequence[str],
        refused: Refused,
    ) -> None:
        """`topics`: those that this service writes to. `refused` stores rows that the broker will never take."""
        self._settings = settings
        self._pool = pool
        self._producer = self._new()
        self._probe = probe
        self._service = service
        self._refused = refused
        self._wake = asyncio.Event()
        self._awaiting = False
        """A round waits for what is in flight, and marks what was acknowledged."""
        self._leaving = False
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._flights: dict[TopicPartition, _Flight] = {}
        self._resting: dict[TopicPartition, _Rest] = {}

    def _new(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **connection(self._settings),
            acks="all",
            enable_idempotence=False,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_MS,
        )

    async def start(self, loop: Loop) -> None:
        """Waits for the broker."""
        await started(self._producer.start, loop)

    async def stop(self) -> None:
        await sender_stopped(self._producer)

    def wake(self) -> None:
        """Something was committed to the outbox."""
        self._wake.set()

    async def run(self, loop: Loop) -> None:
        """Sends until cancelled; then it finishes its round, and sends what is due by then.

        It waits for a server that is away, except when it was cancelled.
        """
        turning = asyncio.create_task(self._turn(loop))
        try:
            await asyncio.shield(turning)
        except asyncio.CancelledError:
            self._leaving = True
            self.wake()
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await turning
            raise

    async def _turn(self, loop: Loop) -> None:
        try:
            await self._send(loop)
        finally:
            for flight in self._flights.values():
                flight.task.cancel()

    async def _send(self, loop: Loop) -> None:
        checked = 0.0
        while True:
            loop.tick()
            self._wake.clear()
            if sender_died(self._producer):
                log.warning("the relay's client died; a new one takes its place")
                await self.stop()
                self._producer = self._new()
                await self.start(loop)
            try:
                if loop.now() - checked > LOG_CHECK_SECONDS:
                    await notice_lost_tail(self._pool, self._probe, _LOCK)
                    await outbox.raise_floor(self._pool, self._partitions)
                    checked = loop.now()
                leaving = self._leaving  # as the round begins: an earlier one may have missed the last commits
                sent = await self.send_once()
            except (KafkaError, *TRANSIENT) as error:
                if self._leaving:
                    return
                await loop.back_off(error)
                continue
            loop.healthy()
            loop.trouble = self._trouble()
            if leaving and not sent and not self._flights:
                return
            if sent is None:
                await asyncio.sleep(BUSY_RETRY_SECONDS)
            elif not self._more_is_due(sent):
                await loop.wait_for(self._wake, SLOW_POLL_SECONDS)

    def _more_is_due(self, sent: int) -> bool:
        """Whether the next round has something to do by now. Later commits wake this relay, and a replica that finds it
        busy tries again itself."""
        return self._wake.is_set() or sent >= ROWS_A_PARTITION or (self._leaving and sent > 0)

    async def send_once(self) -> int | None:
        """Sends what is due now; how many rows, or None when another relay is at it.

        A partition that does not answer holds up no other: it stays in flight, its rows are marked in a later round,
        and after a failure it rests by itself, longer each time.
        """
        async with self._pool.acquire() as db, db.transaction():
            [(read_only, ours)] = await db.fetch(_CLAIM, _LOCK)
            if read_only:  # nothing could be marked, so that the same events would be sent again and again
                raise asyncpg.ReadOnlySQLTransactionError("nothing can be marked as sent")
            if not ours:
                return None
            earlier = set(self._flights)
            rows = await self._due(db)
            if not rows and not earlier:
                return 0
            ends = await log_ends(db)  # they change only under our lock, or by a restore while no relay runs
            self._take_off(rows, ends)
            failpoints.reach("relay.claimed")
            landed = await self._landed()
            if landed:
                failpoints.reach("relay.sent")
                await self._settle(db, landed, ends)
            if earlier & landed.keys():
                self.wake()  # what waited behind them is due
        failpoints.reach("relay.marked")
        for partition, flight in landed.items():
            del self._flights[partition]
            for row in flight.task.result().refused:
                await self._refused(row)
        metrics.outbox_sent.inc(sum(len(flight.task.result().sent) for flight in landed.values()))
        return len(rows)

    async def _due(self, db: DB) -> list[asyncpg.Record]:
        """The oldest rows of each partition that is neither in flight nor resting after a failure."""
        now = time.monotonic()
        free = [
            partition
            for partition in self._partitions
            if partition not in self._flights and self._resting.get(partition, _NO_REST).until <= now
        ]
        return await db.fetch(
            """select due.* from unnest($1::text[], $2::int[]) as wanted (topic, partition) cross join lateral (
                   select id, topic, partition, key, event_id, type, body, traceparent from outbox
                   where topic = wanted.topic and partition = wanted.partition and sent_at is null
                     and id > (select sent_up_to from outbox_floor) order by id limit $3) as due""",
            [partition.topic for partition in free],
            [partition.partition for partition in free],
            ROWS_A_PARTITION,
        )

    def _take_off(self, rows: Sequence[asyncpg.Record], ends: Mapping[TopicPartition, LogEnd]) -> None:
        due: dict[TopicPartition, list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            due[TopicPartition(row["topic"], row["partition"])].append(row)
        for partition, partition_rows in due.items():
            end = ends.get(partition, LogEnd())
            task = asyncio.create_task(self._send_partition(partition, partition_rows, end))
            task.add_done_callback(self._on_landed)
            self._flights[partition] = _Flight(end, task)

    def _on_landed(self, _: asyncio.Task[_PartitionResult]) -> None:
        if not self._awaiting:
            self.wake()

    async def _landed(self) -> dict[TopicPartition, _Flight]:
        """The results that came within the time of a round."""
        self._awaiting = True
        try:
            await asyncio.wait([flight.task for flight in self._flights.values()], timeout=ROUND_SECONDS)
        finally:
            self._awaiting = False
        return {partition: flight for partition, flight in self._flights.items() if flight.task.done()}

    async def _settle(
        self, db: DB, landed: Mapping[TopicPartition, _Flight], ends: Mapping[TopicPartition, LogEnd]
    ) -> None:
        """Marks what the broker has acknowledged. Rows of a partition whose generation was raised meanwhile, by a
        replica, are due again: they stay."""
        sound = {
            partition: flight
            for partition, flight in landed.items()
            if ends.get(partition, LogEnd()).generation == flight.end.generation
        }
        sent = [row for flight in sound.values() for row in flight.task.result().sent]
        await self._mark(db, sent)
        acknowledged: dict[TopicPartition, list[int]] = defaultdict(list)
        for row in sent:
            acknowledged[row.partition].append(row.offset)
        raised = await advance(db, acknowledged, {partition: flight.end for partition, flight in sound.items()})
        if raised or len(sound) < len(landed):
            self.wake()  # their rows are due again
        for partition, flight in landed.items():
            self._rest(partition, flight.task.result().error)

    def _rest(self, partition: TopicPartition, error: BaseException | None) -> None:
        if error is None:
            self._resting.pop(partition, None)
            return
        failures = self._resting.get(partition, _NO_REST).failures + 1
        self._resting[partition] = _Rest(time.monotonic() + back_off_seconds(failures), failures, type(error).__name__)
        if failures in (1, 10, 100):
            log.warning(
                "a partition takes nothing",
                topic=partition.topic,
                partition=partition.partition,
                attempt=failures,
                error=error,
            )

    def _trouble(self) -> str | None:
        """Which partitions take nothing, and why."""
        resting = [
            f"{partition.topic}/{partition.partition}: {rest.cause}"
            for partition, rest in sorted(self._resting.items())
        ]
        return ", ".join(resting) or None

    async def _send_partition(
        self, partition: TopicPartition, rows: list[asyncpg.Record], end: LogEnd
    ) -> _PartitionResult:
        """One record batch in flight at a time, so that a failed one is never overtaken."""
        with tracing.sending(rows) as traces:
            try:
                known = await self._producer.partitions_for(partition.topic)
            except (KafkaError, TimeoutError) as error:
                return _PartitionResult([], [], error)
            if len(known or ()) != PARTITIONS:
                mismatch = f"{partition.topic} has {len(known or ())} partitions, not {PARTITIONS}"
                return _PartitionResult([], [], KafkaError(mismatch))
            return await self._send_batches(partition, rows, end.mark, traces)

    async def _send_batches(
        self, partition: TopicPartition, rows: list[asyncpg.Record], generation: str, traces: Mapping[int, str]
    ) -> _PartitionResult:
        sent: list[_Sent] = []
        refused: list[asyncpg.Record] = []
        rest, at_once = rows, len(rows)
        while rest:
            batch = self._producer.create_batch()
            taken = 0
            for row in rest[:at_once]:
                record = batch.append(
                    key=row["key"].encode(),
                    value=None if row["body"] is None else row["body"].encode(),
                    timestamp=None,
                    headers=headers(
                        row["event_id"],
                        row["type"],
                        self._service,
                        row["key"],
                        generation,
                        traces.get(row["id"]) or row["traceparent"],
                    ),
                )
                if record is None:
                    break
                taken += 1
            if taken == 0:
                refused.append(rest[0])
                rest = rest[1:]
                continue
            try:
                acked = await (await self._producer.send_batch(batch, partition.topic, partition=partition.partition))
            except MessageSizeTooLargeError:
                if taken == 1:
                    refused.append(rest[0])
                    rest = rest[1:]
                at_once = max(1, taken // 2)  # which of them is too large only a smaller batch tells
                continue
            except (KafkaError, TimeoutError) as error:
                return _PartitionResult(sent, refused, error)
            sent += [_Sent(partition, row["id"], acked.offset + n) for n, row in enumerate(rest[:taken])]
            rest = rest[taken:]
        return _PartitionResult(sent, refused, None)

    async def _mark(self, db: DB, sent: Sequence[_Sent]) -> None:
        if not sent:
            return
        await db.execute(
            """update outbox set sent_at = now(), sent_offset = s.sent_offset
               from unnest($1::bigint[], $2::bigint[]) as s (id, sent_offset) where outbox.id = s.id""",
            [s.id for s in sent],
            [s.offset for s in sent],
        )


class _Sent(NamedTuple):
    partition: TopicPartition
    id: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Flight:
    """What is being sent to a partition, and how far that reached when it began."""

    end: LogEnd
    task: asyncio.Task[_PartitionResult]


@dataclass(frozen=True, slots=True)
class _PartitionResult:
    sent: list[_Sent]
    refused: list[asyncpg.Record]
    error: BaseException | None
