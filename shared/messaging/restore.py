"""After a restore: takes over from the service's own topics what its database has forgotten.

What was said since the backup is on the topics, and others have acted on it. It becomes what it was: facts that this
service has said. Nothing is decided on the way; each order is decided again once all was heard again, on the whole set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from contracts.base import Event
from shared import persons
from shared.db import DB
from shared.ledger.facts import PersonErased
from shared.messaging.decoder import Decoded, Record, as_record
from shared.messaging.generations import unacknowledged
from shared.messaging.partition_log import reading

if TYPE_CHECKING:
    from shared.platform import Platform, Service

TOGETHER = 2000


class NotRestorable(Exception):
    """A record of our own topic that this version cannot read; nothing after it was taken over."""


@dataclass(frozen=True, slots=True)
class Restored:
    records: int
    facts: int
    orders: int


async def restore(platform: Platform, service: Service) -> Restored:
    """Reads the service's own topics behind the last offset it knows of, and records what it finds as said.

    In steps, each one transaction; broken off, it goes on where it was. Raises Unadoptable, KafkaError.
    """
    total = Restored(0, 0, 0)
    orders: set[UUID] = set()
    async with reading(platform.settings) as probe:
        starts = await unacknowledged(platform.pool, probe, [service.publishes.name])
        batch: list[Record] = []
        async for partition, raw in probe.records_since(starts):
            batch.append(as_record(partition, raw))
            if len(batch) == TOGETHER:
                total = await _step(platform, service, batch, total, orders)
                batch = []
        if batch:
            total = await _step(platform, service, batch, total, orders)
    return Restored(total.records, total.facts, len(orders))


async def _step(
    platform: Platform, service: Service, batch: Sequence[Record], total: Restored, orders: set[UUID]
) -> Restored:
    async with platform.ledger.transaction() as db:
        events, read = _events(platform, batch)
        consumed = [one.event for one in read if one.event is not None]
        await platform.ledger.lock(db, {event.order_id for event in (*events, *consumed)})
        people = [one.person for one in read if one.person is not None]
        if people:
            await platform.persons.store(db, people)
        erased = [one.event.order_id for one in read if isinstance(one.event, PersonErased)]
        if erased:
            await platform.persons.drop(db, erased)
            if service.on_erased is not None:
                await service.on_erased(db, erased)
        new = await platform.ledger.restore(db, published=events, consumed=consumed)
        if service.on_restored is not None:
            await service.on_restored(db, new)
        await _as_sent(db, batch)
        await _move_ends(db, batch)
    orders |= {event.order_id for event in new}
    return Restored(total.records + len(batch), total.facts + len(new), 0)


def _events(platform: Platform, records: Sequence[Record]) -> tuple[list[Event], list[Decoded]]:
    """Facts that we said; and what the records of persons say."""
    events: list[Event] = []
    read: list[Decoded] = []
    for record in records:
        if record.event_id is None:
            raise NotRestorable(f"a record on {record.partition.topic} has no ce_id: it is none of ours")
        if record.partition.topic == persons.TOPIC:
            read.append(platform.decoder.read(record))
            continue
        kind = Event.BY_TYPE.get(record.type)
        if kind is None:
            raise NotRestorable(f"{record.type} on {record.partition.topic} is newer than this service")
        events.append(kind.model_validate_json(record.body or b""))
    return events, read


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


async def _move_ends(db: DB, batch: Sequence[Record]) -> None:
    last = {record.partition: record for record in batch}
    for partition, record in last.items():
        await db.execute(
            """insert into log_ends (topic, partition, highest_offset, generation, generation_start)
               values ($1, $2, $3, $4, $5)
               on conflict (topic, partition) do update set highest_offset = excluded.highest_offset,
                 generation = greatest(log_ends.generation, excluded.generation),
                 generation_start = case when excluded.generation > log_ends.generation
                                         then excluded.generation_start else log_ends.generation_start end""",
            partition.topic,
            partition.partition,
            record.offset,
            record.generation,
            record.generation_start,
        )
