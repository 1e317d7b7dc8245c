"""After a restore from a backup: reads from the service's own topics the facts that its database lacks.

What was published since the backup is on the topics, and other services have acted on it. So it is recorded again as
facts that this service has published. Nothing is decided on the way; each stream is decided again once all was consumed
again, on the whole set.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition

from contracts.base import Event, lifted, parse_fact
from shared.db import DB
from shared.ledger.ledger import Ledger
from shared.ledger.versions import Wire
from shared.messaging.decoder import Decoder, Record, as_record
from shared.messaging.generations import log_ends, take_over_end
from shared.messaging.partition_log import LogProbe, reading
from shared.settings import PlatformSettings

STEP_RECORDS = 2000
OnRestored: TypeAlias = Callable[[DB, Sequence[Event]], Awaitable[None]]
"""What a service stores beside the facts that its database lacked. Called with the facts of each step, and at the end
of a restore also when there were none."""


class NotRestorable(Exception):
    """A record of the service's own topic that this version cannot read; nothing after it was restored."""


@dataclass(frozen=True, slots=True)
class Restored:
    records: int
    facts: int
    streams: int


@dataclass(frozen=True, slots=True)
class Restore:
    """One service's restore from the topics that it writes to."""

    settings: PlatformSettings
    topics: Sequence[str]
    pool: asyncpg.Pool[asyncpg.Record]
    ledger: Ledger
    decoder: Decoder
    on_restored: OnRestored | None

    async def run(self) -> Restored:
        """Reads the topic behind the last offset that the database knows of, and records what it finds as published.

        In steps, each one transaction; broken off, it goes on where it was. Raises NotRestorable, KafkaError.
        """
        records = facts = 0
        streams: set[UUID] = set()
        async with reading(self.settings) as probe:
            starts = await unacknowledged(self.pool, probe, self.topics)
            batch: list[Record] = []
            async for partition, raw in probe.records_since(starts):
                batch.append(as_record(partition, raw))
                records += 1
                if len(batch) == STEP_RECORDS:
                    facts += await self._step(batch, streams)
                    batch = []
            facts += await self._step(batch, streams)
        return Restored(records, facts, len(streams))

    async def _step(self, batch: Sequence[Record], streams: set[UUID]) -> int:
        """How many facts were new."""
        async with self.ledger.transaction() as db:
            published, kept, wire = self._decode(batch)
            consumed = [event for _, event, _ in kept]
            await self.ledger.lock(db, {event.stream for event in (*published, *consumed)})
            for keeper in self.decoder.keepers.values():
                records = [(event, content) for topic, event, content in kept if topic == keeper.topic]
                if records:
                    await keeper.keep(db, records)
            new = await self.ledger.restore(db, published=published, consumed=consumed, wire=wire)
            if self.on_restored is not None:
                await self.on_restored(db, new)
            await _as_sent(db, batch)
            for record in {record.partition: record for record in batch}.values():
                await take_over_end(db, record)
        streams |= {event.stream_id for event in new}
        return len(new)

    def _decode(self, records: Sequence[Record]) -> tuple[list[Event], list[tuple[str, Event, Any]], dict[UUID, Wire]]:
        """The facts that this service published, what keepers take, with its topic, and the facts as they came."""
        events: list[Event] = []
        kept: list[tuple[str, Event, Any]] = []
        wire: dict[UUID, Wire] = {}
        for record in records:
            topic = record.partition.topic
            if record.event_id is None:
                raise NotRestorable(f"a record on {topic} has no ce_id: it is none of ours")
            if topic in self.decoder.keepers:
                decoded = self.decoder.read(record)
                if decoded.event is not None:
                    kept.append((topic, decoded.event, decoded.kept))
                continue
            if record.type not in Event.BY_TYPE:
                raise NotRestorable(f"{record.type} on {topic} is newer than this service")
            event = lifted(parse_fact(record.type, record.body or b""))
            if event.KIND not in self.ledger.rules.by_name:
                continue  # returned, never stored: of a compacted topic the newest counts
            events.append(event)
            wire[event.id] = Wire(record.type, (record.body or b"").decode())
        return events, kept, wire


async def _as_sent(db: DB, batch: Sequence[Record]) -> None:
    """The outbox holds them as sent, so that they can be sent again when the broker loses them."""
    columns = (
        [record.event_id for record in batch],
        [record.partition.partition for record in batch],
        [record.offset for record in batch],
    )
    await db.execute(
        """update outbox set sent_at = now(), partition = f.partition, sent_offset = f.sent_offset
           from unnest($1::uuid[], $2::int[], $3::bigint[]) as f (event_id, partition, sent_offset)
           where outbox.event_id = f.event_id and outbox.sent_at is null""",
        *columns,
    )
    await db.execute(
        """insert into outbox (event_id, partition, sent_offset, topic, key, type, body, traceparent, sent_at)
           select distinct on (f.event_id) f.*, now()
           from unnest($1::uuid[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
                as f (event_id, partition, sent_offset, topic, key, type, body, traceparent)
           where not exists (select from outbox where outbox.event_id = f.event_id)
           order by f.event_id, f.sent_offset""",
        *columns,
        [record.partition.topic for record in batch],
        [(record.key or b"").decode() for record in batch],
        [record.type for record in batch],
        [record.body.decode() if record.body else None for record in batch],
        [record.traceparent for record in batch],
    )


async def count_unknown_events(pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe, publishes: Collection[str]) -> int:
    """How many events of ours the topics hold beyond the last acknowledged one that this database does not know.

    None after a crash between sending and marking, for the outbox has them; some after a restore from a backup.
    `publishes`: where its events stand, also a topic to which it had not written yet. None of a database that has never
    written to any: that is a new one.
    """
    if not await pool.fetchval("select exists (select from log_ends)"):
        return 0
    starts = await unacknowledged(pool, probe, publishes)
    found = {as_record(partition, raw).event_id async for partition, raw in probe.records_since(starts)}
    ids = found - {None}  # a record without an id is none of ours
    known = await pool.fetch("select event_id from outbox where event_id = any($1::uuid[])", list(ids))
    return len(ids - {row["event_id"] for row in known})


async def unacknowledged(
    pool: asyncpg.Pool[asyncpg.Record], probe: LogProbe, publishes: Collection[str] = ()
) -> dict[TopicPartition, int]:
    """Where each log of ours goes on behind what this database knows of it: all partitions of the topics that it has
    ever written to, and of `publishes`."""
    async with pool.acquire() as db:
        known = {partition: end.highest + 1 for partition, end in (await log_ends(db)).items()}
    partitions = await probe.partitions(sorted({*publishes, *(partition.topic for partition in known)}))
    begins = await probe.beginnings(partitions) if partitions else {}
    return {partition: max(begins[partition], known.get(partition, 0)) for partition in partitions}
