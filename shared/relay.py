"""The relay: sends the outbox to the broker, and notices when the broker has lost what it acknowledged."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from shared import failpoints, tracing
from shared.db import DB, TRANSIENT
from shared.kafka import REQUEST_MS, connection
from shared.logs import LogProbe, sender_died, started
from shared.outbox import headers
from shared.records import as_record
from shared.settings import PlatformSettings
from shared.telemetry import Loop, log, metrics

ROWS_A_ROUND = 4000
SLICE = 20_000
BATCH_BYTES = 900_000
"""Below the broker's default limit of 1 MiB for a record batch."""
SLOW_POLL_SECONDS = 1.0
BUSY_RETRY_SECONDS = 0.01
LOG_CHECK_SECONDS = 3.0
LEAVE_SECONDS = 5.0
"""For what is due when the service is told to leave; what is left is sent by a replica, or after the next start."""
_LOCK = 0x5349_4C4B  # one relay a database at a time
_CLAIM = """
    select current_setting('transaction_read_only')::boolean as read_only, pg_try_advisory_xact_lock($1) as ours
    from set_config('synchronous_commit', 'off', true)
"""
"""What is marked as sent need not be on disk when the server dies: what was sent is then sent again."""


def partition_of(key: str, partitions: int) -> int:
    """Where Kafka's default partitioner puts this key."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions


@dataclass(frozen=True, slots=True)
class LogEnd:
    """How far a partition of ours reaches, as acknowledged, and which generation of it this is."""

    highest: int = -1
    generation: int = 0
    start: int = 0


class Relay:
    """Sends the outbox. One at a time in a database; a replica that finds it busy tries again shortly."""

    def __init__(
        self,
        settings: PlatformSettings,
        pool: asyncpg.Pool[asyncpg.Record],
        probe: LogProbe,
        service: str,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._producer = self._new()
        self._probe = probe
        self._service = service
        self._wake = asyncio.Event()
        self._leaving = False

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
        await self._producer.stop()

    def wake(self) -> None:
        """Something was committed to the outbox."""
        self._wake.set()

    async def run(self, loop: Loop) -> None:
        """Sends until cancelled; the round in hand is finished first, and what is due by then is sent.

        A server that is away is waited for, but not by one that leaves.
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
                    await self._notice_lost_tail()
                    checked = loop.now()
                sent = await self.send_once()
            except (KafkaError, *TRANSIENT) as error:
                if self._leaving:
                    return
                await loop.back_off(error)
                continue
            loop.healthy()
            if self._leaving and not sent:
                return
            if sent is None:
                await asyncio.sleep(BUSY_RETRY_SECONDS)
            elif sent == 0 and not self._wake.is_set():
                try:
                    async with asyncio.timeout(SLOW_POLL_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    async def send_once(self) -> int | None:
        """Sends what is due now; how many rows, or None when another relay is at it."""
        async with self._pool.acquire() as db, db.transaction():
            [(read_only, ours)] = await db.fetch(_CLAIM, _LOCK)
            if read_only:  # nothing could be marked, so that the same events would be sent again and again
                raise asyncpg.ReadOnlySQLTransactionError("nothing can be marked as sent")
            if not ours:
                return None
            rows = await db.fetch(
                """select id, topic, key, event_id, type, body, traceparent from outbox
                   where sent_at is null order by id limit $1""",
                ROWS_A_ROUND,
            )
            if not rows:
                return 0
            ends = await self._log_ends(db)
            lanes: dict[TopicPartition, list[asyncpg.Record]] = defaultdict(list)
            for row in rows:
                partitions = await self._partitions(row["topic"])
                lanes[TopicPartition(row["topic"], partition_of(row["key"], partitions))].append(row)
            failpoints.reach("relay.claimed")
            with tracing.sending(rows) as traces:
                results = await asyncio.gather(
                    *(self._send_lane(lane, due, ends.get(lane, LogEnd()), traces) for lane, due in lanes.items())
                )
            failpoints.reach("relay.sent")
            sent = [row for result in results for row in result.sent]
            await self._mark(db, sent)
            await self._refuse(db, [row for result in results for row in result.refused])
            for lane, lane_sent in groupby(sent, key=lambda s: s.lane):
                await self._advance(db, lane, list(lane_sent), ends.get(lane, LogEnd()))
            failed = next((result.error for result in results if result.error), None)
        failpoints.reach("relay.marked")
        metrics.outbox_sent.inc(len(sent))
        if failed:
            raise failed
        return len(rows)

    async def _partitions(self, topic: str) -> int:
        known: set[int] | None = await self._producer.partitions_for(topic)
        if not known:
            raise KafkaError(f"{topic} has no partitions")
        return len(known)

    async def _send_lane(
        self, lane: TopicPartition, rows: list[asyncpg.Record], end: LogEnd, traces: Mapping[int, str]
    ) -> _LaneResult:
        """One record batch in flight at a time, so that a failed one is never overtaken."""
        sent: list[_Sent] = []
        refused: list[asyncpg.Record] = []
        rest, at_once = rows, len(rows)
        generation = f"{end.generation}@{end.start}"
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
                acked = await (await self._producer.send_batch(batch, lane.topic, partition=lane.partition))
            except MessageSizeTooLargeError:
                if taken == 1:
                    refused.append(rest[0])
                    rest = rest[1:]
                at_once = max(1, taken // 2)  # which of them is too large only a smaller batch tells
                continue
            except (KafkaError, TimeoutError) as error:
                return _LaneResult(sent, refused, error)
            sent += [_Sent(lane, row["id"], acked.offset + n) for n, row in enumerate(rest[:taken])]
            rest = rest[taken:]
        return _LaneResult(sent, refused, None)

    async def _mark(self, db: DB, sent: Sequence[_Sent]) -> None:
        await db.execute(
            """update outbox set sent_at = now(), partition = s.partition, sent_offset = s.sent_offset
               from unnest($1::bigint[], $2::int[], $3::bigint[]) as s (id, partition, sent_offset)
               where outbox.id = s.id""",
            [s.id for s in sent],
            [s.lane.partition for s in sent],
            [s.offset for s in sent],
        )

    async def _refuse(self, db: DB, rows: Sequence[asyncpg.Record]) -> None:
        """A row that the broker will never take becomes a dead letter, and holds up nothing behind it."""
        for row in rows:
            await db.execute(
                """with gone as (update outbox set sent_at = now() where id = $1)
                   insert into dead_letters (topic, partition, "offset", generation, order_id, type, key, body, cause)
                   values ($2, -1, $1, 0, $3::text::uuid, $4, convert_to($3, 'UTF8'), convert_to($5, 'UTF8'), $6)
                   on conflict do nothing""",
                row["id"],
                row["topic"],
                row["key"],
                row["type"],
                row["body"] or "",
                "refused by the broker: too large",
            )
            metrics.dead_letters.inc()
            log.error("event refused by the broker", event_id=str(row["event_id"]), type=row["type"])

    async def _log_ends(self, db: DB) -> dict[TopicPartition, LogEnd]:
        rows = await db.fetch("select topic, partition, highest_offset, generation, generation_start from log_ends")
        return {
            TopicPartition(row["topic"], row["partition"]): LogEnd(
                row["highest_offset"], row["generation"], row["generation_start"]
            )
            for row in rows
        }

    async def _advance(self, db: DB, lane: TopicPartition, sent: Sequence[_Sent], end: LogEnd) -> None:
        last = end.highest
        for one in sent:
            if one.offset <= last:  # also between two batches of one round, for aiokafka repeats by itself
                await self._raise_generation(db, lane, end, start=one.offset)
                return
            last = one.offset
        await db.execute(
            """insert into log_ends (topic, partition, highest_offset) values ($1, $2, $3)
               on conflict (topic, partition) do update set highest_offset = excluded.highest_offset""",
            lane.topic,
            lane.partition,
            sent[-1].offset,
        )

    async def _raise_generation(self, db: DB, lane: TopicPartition, end: LogEnd, start: int) -> None:
        """The broker lost acknowledged records: all that is kept for this partition is sent again, newly marked."""
        await db.execute("set local synchronous_commit = on")  # no number of a generation is given twice
        await db.execute(
            """insert into log_ends (topic, partition, highest_offset, generation, generation_start)
               values ($1, $2, $3, $4, $5)
               on conflict (topic, partition) do update set highest_offset = excluded.highest_offset,
               generation = excluded.generation, generation_start = excluded.generation_start""",
            lane.topic,
            lane.partition,
            start - 1,
            end.generation + 1,
            start,
        )
        again = 0
        slice_end: int | None = 0
        while slice_end is not None:  # in slices, each of which ends long before the time-out of a statement
            [(slice_end, marked)] = await db.fetch(
                """with again as (
                       update outbox set sent_at = null where id in (
                           select id from outbox where id > $3 and topic = $1 and partition = $2
                           and sent_at is not null order by id limit $4)
                       returning id)
                   select max(id), count(*) from again""",
                lane.topic,
                lane.partition,
                slice_end,
                SLICE,
            )
            again += marked
        log.warning(
            "broker lost records; sending again",
            topic=lane.topic,
            partition=lane.partition,
            generation=end.generation + 1,
            again=again,
        )

    async def _notice_lost_tail(self) -> None:
        """A log that ends below what was acknowledged has lost its tail, even if nothing new is to be sent."""
        async with self._pool.acquire() as db:
            ends = await self._log_ends(db)
        if not ends:
            return
        actual = await self._probe.ends(ends)
        for lane, end in ends.items():
            if actual[lane] <= end.highest:
                async with self._pool.acquire() as db, db.transaction():
                    if not await db.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
                        return
                    current = (await self._log_ends(db))[lane]
                    if current == end:
                        await self._raise_generation(db, lane, end, start=actual[lane])


@dataclass(frozen=True, slots=True)
class _Sent:
    lane: TopicPartition
    id: int
    offset: int


@dataclass(frozen=True, slots=True)
class _LaneResult:
    sent: list[_Sent]
    refused: list[asyncpg.Record]
    error: BaseException | None


async def forgotten(pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe) -> int:
    """How many events of ours the topics hold beyond the last acknowledged one that this database does not know.

    None after a crash between sending and marking, for the outbox has them; some after a restore from a backup.
    """
    starts = await unacknowledged(pool, probe)
    if not starts:
        return 0
    found = {as_record(lane, raw).event_id async for lane, raw in probe.records_since(starts)}
    ids = found - {None}  # a record without an id is none of ours
    known = await pool.fetch("select event_id from outbox where event_id = any($1::uuid[])", list(ids))
    return len(ids - {row["event_id"] for row in known})


async def unacknowledged(
    pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe, says: Collection[str] = ()
) -> dict[TopicPartition, int]:
    """Where each log of ours goes on behind what this database knows of it: all partitions of the topics that it has
    ever written to, and of `says`."""
    rows = await pool.fetch("select topic, partition, highest_offset from log_ends")
    known = {TopicPartition(row["topic"], row["partition"]): row["highest_offset"] + 1 for row in rows}
    lanes = await probe.lanes(sorted({*says, *(lane.topic for lane in known)}))
    begins = await probe.beginnings(lanes) if lanes else {}
    return {lane: max(begins[lane], known.get(lane, 0)) for lane in lanes}
