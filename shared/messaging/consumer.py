"""The batch consumer: every fact has its effect once, without Kafka transactions.

A batch is one database transaction that moves the positions and records the facts. The positions in the service's own
database are the truth; what is committed to Kafka serves lag tools only. See `docs/adr` for why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, TypeAlias

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from shared import failpoints, tracing
from shared.db import DB, TRANSIENT, NewerFacts
from shared.ledger.batches import isolate_failures
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.messaging import positions
from shared.messaging.decoder import Decoded, Decoder, Record, as_record
from shared.messaging.decompression import UNPACKED_BYTES, UnreadableBatch
from shared.messaging.fetching import FETCH_BYTES, Fetching, undecodable
from shared.messaging.generations import is_absurd, is_newer, reads_from
from shared.messaging.kafka import REQUEST_MS, connection
from shared.messaging.partition_log import LogProbe, reader_died, started, stopped
from shared.messaging.record_batches import RawRecord, Unreadable
from shared.settings import PlatformSettings
from shared.telemetry import describe, log, metrics

LAG_TOOL_SECONDS = 5.0
LEFT_SECONDS = 1.0
POLL_MS = 500
SETTLED_SECONDS = 20.0
TELL_SECONDS = 5.0
SESSION_MS = 6_000
"""How long the group waits for a member that has died; the least that Kafka's brokers allow unless configured
otherwise."""


STOPPED_AFTER = 5
"""After so many failures in a row for a cause that does not pass by itself, the consumer is not ready, and the log says
why."""
Run: TypeAlias = dict[TopicPartition, set[object]]


class TooManyDead(Exception):
    """One dead letter after another: the fault is ours, so the service stops instead of draining its topics."""


class Moved(Exception):
    """Another replica has moved these positions: the batch is not ours any more."""


class Unsettled(Exception):
    """The group has assigned us no partitions for long: a new member may get on."""


class Consumer:
    """Reads the topics of one service."""

    def __init__(
        self,
        settings: PlatformSettings,
        group: str,
        topics: Iterable[str],
        pool: asyncpg.Pool[asyncpg.Record],
        ledger: Ledger,
        decoder: Decoder,
        probe: LogProbe,
    ) -> None:
        self.topics = tuple(topics)
        self.decoder = decoder
        self._pool = pool
        self._ledger = ledger
        self._probe = probe
        self._batch_records = settings.batch_records
        self._dead_limit = settings.dead_in_a_row
        self._dead_run: Run = {}
        """Of each partition the orders of the failing records since one was last handled: one bad order is not a fault
        of ours, and what strangers send is none either."""
        self._unloaded: set[TopicPartition] = set()
        self._next: dict[TopicPartition, int] = {}
        self._generation: dict[TopicPartition, int] = {}
        self._settings = settings
        self._group = group
        self._client: AIOKafkaConsumer
        self._fetching: Fetching
        self._failures = 0

    async def run(self, loop: Loop) -> None:
        """Consumes until cancelled; the batch in hand is finished first."""
        try:
            while True:
                await self._run_client(loop)
                log.warning("the consumer's client died; a new one takes its place")
        except NewerFacts as newer:
            loop.trouble, loop.stopped = str(newer), True
        # It has left the group: replicas that know those facts go on with its partitions.
        log.error("stopped consuming", cause=loop.trouble)
        while True:
            loop.tick()
            await asyncio.sleep(LEFT_SECONDS)

    async def _run_client(self, loop: Loop) -> None:
        """Until cancelled, or until the client has died."""
        self._unloaded.clear()
        self._next.clear()
        self._client = AIOKafkaConsumer(
            **connection(self._settings),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=self._settings.fetch_wait_ms,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 3,
            request_timeout_ms=REQUEST_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        self._fetching = Fetching(self._client)
        try:
            await started(self._client.start, loop)
            self._client.subscribe(list(self.topics), listener=_Listener(self._unloaded, self._next))
            stopping = asyncio.Event()
            worker = asyncio.create_task(self._turn(loop, stopping))
            try:
                await asyncio.shield(worker)
            except asyncio.CancelledError:
                stopping.set()
                await worker
                raise
        finally:
            await stopped(self._client)

    async def _turn(self, loop: Loop, stopping: asyncio.Event) -> None:
        committed = loop.now()
        while not stopping.is_set():
            loop.tick()
            if reader_died(self._client):
                return
            try:
                await self._load_positions()
                await self._take(await self._fetch())
                await self._notice_short_logs()
                await self._notice_other_logs()
                if loop.now() - committed > LAG_TOOL_SECONDS:
                    await self._tell_lag_tools()
                    committed = loop.now()
            except OffsetOutOfRangeError as error:
                await self._rewind(list(error.args[0]), loop)
                continue
            except NoOffsetForPartitionError:
                continue  # assigned, and its position not loaded yet: the next turn does
            except Moved:
                self._unloaded |= set(self._next)
                continue
            except Unsettled:
                return
            except NewerFacts:
                raise
            except TooManyDead:
                loop.trouble = "too many dead letters in a row"
                loop.stopped = True
                log.error("stopped consuming", cause=loop.trouble)
                while not stopping.is_set():
                    loop.tick()
                    await asyncio.sleep(0.2)
                return
            except (KafkaError, UnreadableBatch, *TRANSIENT) as error:
                self._unloaded |= set(self._next)
                self._note_failure(loop, error)
                await loop.back_off(error)
                continue
            self._failures, loop.stopped = 0, False
            loop.healthy()

    def _note_failure(self, loop: Loop, error: BaseException) -> None:
        """Not ready, while what stops the consumer will not pass by itself."""
        passes = isinstance(error, TRANSIENT) or type(error) is KafkaError or getattr(error, "retriable", False)
        self._failures = 0 if passes else self._failures + 1
        if self._failures == STOPPED_AFTER:
            log.error("consumer stopped", error=error)
        loop.stopped = self._failures >= STOPPED_AFTER

    async def _fetch(self) -> dict[TopicPartition, list[Any]]:
        """What there is to read. aiokafka waits without end for its group to settle: a join whose answer was lost, for
        one, is asked about again only after minutes."""
        try:
            async with asyncio.timeout(SETTLED_SECONDS):
                fetched: dict[TopicPartition, list[Any]] = await self._client.getmany(
                    timeout_ms=POLL_MS, max_records=self._batch_records
                )
        except TimeoutError:
            raise Unsettled from None
        except Exception as error:
            self._seek_back()
            packed = [partition for partition in self._next if self._fetching.apart(partition)]
            if isinstance(error, OffsetOutOfRangeError) and packed:
                return await self._read_raw(packed)
            if not undecodable(error):
                raise
            log.warning("batch not decoded, its records are read one by one", error=error)
            return await self._read_raw(sorted(self._next))
        self._fetching.check(self._next)
        return fetched

    def _seek_back(self) -> None:
        """aiokafka has moved its positions by then, past records that it did not hand over."""
        for partition in self._client.assignment():
            if partition in self._next:
                self._client.seek(partition, self._next[partition])

    async def _read_raw(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, list[Any]]:
        """From these partitions what aiokafka may not or cannot read, as much as one turn may hold."""
        found: dict[TopicPartition, list[RawRecord | Unreadable]] = {}
        room, records_left = UNPACKED_BYTES, self._batch_records
        for partition in partitions:
            position = self._next.get(partition)
            if position is None or partition in self._unloaded or room <= 0 or records_left <= 0:
                continue
            records, going_on = await self._fetching.read(partition, position, records_left)
            if records:
                found[partition] = records
                room -= sum(record.size for record in records)
                records_left -= len(records)
                self._client.seek(partition, going_on)
            elif going_on > position:
                await self._set_position(partition, going_on, self._generation[partition])
        return found

    async def _load_positions(self) -> None:
        """A partition is read only from the position in our own database.

        aiokafka swallows what a rebalance listener raises and goes on from Kafka's own offset, so the listener only
        notes what was assigned, and whatever arrives before this has run is dropped.
        """
        wanted = self._unloaded & self._client.assignment()
        if not wanted:
            return
        partitions = sorted(wanted)
        names = [[partition.topic for partition in partitions], [partition.partition for partition in partitions]]
        await self._pool.execute(
            """insert into positions (topic, partition, next_offset)
               select *, 0 from unnest($1::text[], $2::int[]) on conflict do nothing""",
            *names,
        )
        rows = await self._pool.fetch(
            """select topic, partition, next_offset, generation from positions
               where (topic, partition) in (select * from unnest($1::text[], $2::int[]))""",
            *names,
        )
        for row in rows:
            partition = TopicPartition(row["topic"], row["partition"])
            self._next[partition] = row["next_offset"]
            self._generation[partition] = row["generation"]
            self._client.seek(partition, row["next_offset"])
        self._fetching.doubt(wanted)  # another may have read them meanwhile, or none while the log was lost
        self._unloaded -= wanted

    async def _take(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        records: list[Record] = []
        absurd: set[tuple[TopicPartition, int]] = set()
        for partition, raw_records in fetched.items():
            if partition in self._unloaded or partition not in self._next:
                continue
            known = self._generation[partition]
            partition_records = [as_record(partition, raw) for raw in raw_records]
            if any(record.fault or record.generation > known for record in partition_records):
                partition_records = [r._replace(generation=known) if r.fault else r for r in partition_records]
                absurd |= {(partition, r.offset) for r in partition_records if is_absurd(r, known)}
                newer = next((r for r in partition_records if is_newer(r, known)), None)
                if newer is not None:
                    await self._enter_generation(partition, newer)
                    continue
            records += partition_records
            metrics.records.labels(partition.topic).inc(len(partition_records))
        if not records:
            return
        read = self._read(records, absurd)
        with (
            metrics.batch_seconds.time(),
            tracing.span(
                "process",
                "consumer",
                links=[record.traceparent for record in records] if tracing.on() else (),
                messaging__system="kafka",
                messaging__operation__type="process",
                messaging__consumer__group__name=self._group,
                messaging__batch__message_count=len(records),
            ),
        ):
            await self._apply(read)
        self._check_run()

    def _read(self, records: Sequence[Record], absurd: Collection[tuple[TopicPartition, int]]) -> list[Decoded]:
        """Decodes; cut short where one dead letter too many follows another. `absurd`: whose generation cannot be."""
        read: list[Decoded] = []
        run = {partition: set(orders) for partition, orders in self._dead_run.items()}
        for record in records:
            if absurd and (record.partition, record.offset) in absurd:
                read.append(Decoded(record, cause="the generation cannot be", fate="foreign"))
                continue
            one = self.decoder.read(record)
            read.append(one)
            _count(run, one)
            if len(run.get(record.partition, ())) >= self._dead_limit:
                break
        return read

    def _check_run(self) -> None:
        if any(len(orders) >= self._dead_limit for orders in self._dead_run.values()):
            raise TooManyDead

    async def _enter_generation(self, partition: TopicPartition, record: Record) -> None:
        """The broker lost records and its producer sends them again."""
        await self._set_position(partition, reads_from(self._next[partition], record), record.generation)
        log.warning(
            "log has a new generation", topic=partition.topic, partition=partition.partition, n=record.generation
        )

    async def _notice_short_logs(self) -> None:
        """Not every broker refuses a position past a log's end, so it is compared with the high watermark."""
        ends = {partition: self._fetching.high_watermarks.get(partition) for partition in self._client.assignment()}
        short = [partition for partition, end in ends.items() if end is not None and end < self._next.get(partition, 0)]
        if short:
            raise OffsetOutOfRangeError(dict.fromkeys(short))

    async def _notice_other_logs(self) -> None:
        """A log that was lost and written again may reach just as far as it was read before, and nothing may follow. No
        offset tells of that; the generation of the last record does."""
        for partition, over in list(self._fetching.unconfirmed.items()):
            position = self._next.get(partition)
            if position is None:  # not ours any more, or its position is not loaded yet, which raises a doubt again
                self._fetching.doubt([partition])
                continue
            last = await self._record_before(partition, position)
            if last is not None and is_newer(last, self._generation[partition]):
                await self._enter_generation(partition, last)
            self._fetching.confirm(partition, over)

    async def _record_before(self, partition: TopicPartition, position: int) -> Record | None:
        """None when retention has removed it, or it cannot be read: then it tells nothing."""
        if position == 0:
            return None
        try:
            raw = await self._fetching.record_at(partition, position - 1)
        except (OffsetOutOfRangeError, UnreadableBatch):
            return None
        return as_record(partition, raw) if raw is not None else None

    async def _rewind(self, partitions: Sequence[TopicPartition], loop: Loop) -> None:
        """A position outside the log: back to its last record, whose generation decides."""
        try:
            begins, ends = await self._probe.beginnings(partitions), await self._probe.ends(partitions)
            for partition in partitions:
                position = self._next.get(partition)
                if position is None or begins[partition] <= position <= ends[partition]:
                    continue
                last = max(begins[partition], ends[partition] - 1)
                if (
                    0 < position < begins[partition]
                ):  # a position that never moved is that of a new reader, who missed nothing
                    self._tell_missed(partition, begins[partition] - position)
                await self._set_position(
                    partition, begins[partition] if position < begins[partition] else last, self._generation[partition]
                )
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)

    def _tell_missed(self, partition: TopicPartition, missed: int) -> None:
        """Retention has removed what this service had not read yet."""
        metrics.missed.labels(partition.topic).inc(missed)
        log.error(
            "records were removed before they were read",
            topic=partition.topic,
            partition=partition.partition,
            missed=missed,
        )

    async def _set_position(self, partition: TopicPartition, offset: int, generation: int) -> None:
        await self._pool.execute(
            "update positions set next_offset = $3, generation = $4 where topic = $1 and partition = $2",
            partition.topic,
            partition.partition,
            offset,
            generation,
        )
        self._next[partition] = offset
        self._generation[partition] = generation
        self._client.seek(partition, offset)

    async def _apply(self, batch: Sequence[Decoded]) -> None:
        """One transaction; what cannot be handled becomes a dead letter, alone."""
        await isolate_failures(batch, self._apply_together, self._dead_letter, passing=(Moved, TooManyDead, *TRANSIENT))

    async def _apply_together(self, batch: Sequence[Decoded]) -> None:
        failpoints.reach("consumer.read")

        async def work(db: DB) -> dict[TopicPartition, int]:
            moved = await self._move(db, batch)
            await self.decoder.apply(db, [one for one in batch if one.cause is None])
            await self.decoder.dead_letter(db, [one for one in batch if one.cause is not None])
            failpoints.reach("consumer.worked")
            return moved

        moved = await self._ledger.run(work)
        failpoints.reach("consumer.committed")
        self._next.update(moved)
        for one in batch:
            _count(self._dead_run, one)

    async def _dead_letter(self, decoded: Decoded, error: Exception) -> None:
        if decoded.cause is not None:
            raise error
        self._check_run()
        log.error("record could not be handled", type=decoded.record.type, error=error)
        await self._apply_together([Decoded(decoded.record, cause=describe(error))])

    async def _move(self, db: DB, read: Sequence[Decoded]) -> dict[TopicPartition, int]:
        """Locks, checks and moves the positions in one statement; Moved when they are not where we left them."""
        moved = {one.record.partition: one.record.next_offset for one in read}
        partitions = sorted(moved)
        done = await db.fetch(
            """update positions set next_offset = n.next_offset
               from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
                    as n (topic, partition, next_offset, expected)
               where positions.topic = n.topic and positions.partition = n.partition
                 and positions.next_offset = n.expected
               returning 1""",
            [partition.topic for partition in partitions],
            [partition.partition for partition in partitions],
            [moved[partition] for partition in partitions],
            [
                self._next.get(partition, -1) for partition in partitions
            ],  # none, once a rebalance has taken the partition away
        )
        if len(done) != len(partitions):
            raise Moved
        return moved

    async def _tell_lag_tools(self) -> None:
        """Commits to Kafka what is done already; nothing depends on it."""
        mine = {partition: offset for partition, offset in self._next.items() if partition in self._client.assignment()}
        if not mine:  # nothing is assigned while the group settles
            return
        try:
            async with asyncio.timeout(TELL_SECONDS):
                await self._client.commit(mine)
        except (KafkaError, TimeoutError) as error:
            log.info("positions not committed to Kafka", error=error)

    async def caught_up(self) -> Callable[[], Awaitable[bool]]:
        """A question that is answered with yes once all that was in the logs at the time of this call is recorded."""
        ends = await self._probe.ends(await self._probe.partitions(self.topics))

        async def reached() -> bool:
            at = await positions.read(self._pool)
            return all(at.get(partition, 0) >= end for partition, end in ends.items())

        return reached


def _count(run: Run, read: Decoded) -> None:
    if read.cause is None:
        run.pop(read.record.partition, None)
    elif read.fate == "failing":
        run.setdefault(read.record.partition, set()).add(read.record.key or read.record.offset)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, unloaded: set[TopicPartition], positions: dict[TopicPartition, int]) -> None:
        self._unloaded = unloaded
        self._positions = positions

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        for partition in revoked:
            self._unloaded.discard(partition)
            self._positions.pop(partition, None)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._unloaded |= set(assigned)
