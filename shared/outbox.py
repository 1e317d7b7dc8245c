"""What a service says, on its way to the broker.

`publish` writes rows in the caller's transaction; the relay sends them afterwards, again if need be. Every event
leaves at least once and, within an order, in the order of its commit; readers absorb repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from contracts.base import Event
from shared.db import DB

SLICE = 20_000


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be. `body` None erases the key on a compacted topic."""

    topic: str
    key: str
    event_id: UUID
    type: str
    body: str | None
    traceparent: str | None = None


def message(topic: str, event: Event, traceparent: str | None) -> Message:
    return Message(topic, str(event.order_id), event.id, event.TYPE, event.model_dump_json(), traceparent)


async def publish(db: DB, messages: Sequence[Message]) -> None:
    """Adds the messages to the outbox, in the caller's transaction."""
    if messages:
        await db.execute(
            """insert into outbox (topic, key, event_id, type, body, traceparent)
               select * from unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[])""",
            [m.topic for m in messages],
            [m.key for m in messages],
            [m.event_id for m in messages],
            [m.type for m in messages],
            [m.body for m in messages],
            [m.traceparent for m in messages],
        )


def headers(
    event_id: UUID, event_type: str, source: str, order_id: str, generation: str, traceparent: str | None
) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0, Kafka binding, binary mode; `generation` tells a reader of a log that lost its tail."""
    fields = {
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_type": event_type,
        "ce_source": f"/silkpost/{source}",
        "ce_subject": order_id,
        "content-type": "application/json",
        "generation": generation,
    }
    if traceparent:
        fields["traceparent"] = traceparent
    return [(name, value.encode()) for name, value in fields.items()]


async def republish(db: DB | asyncpg.Pool[asyncpg.Record], since: datetime) -> int:
    """Marks what was recorded since then as not sent; how many rows. In slices, so that none takes too long."""
    marked, seen = 0, 0
    while True:
        [(last, again)] = await db.fetch(
            """with slice as (select id, recorded_at, sent_at from outbox where id > $2 order by id limit $3),
                    again as (update outbox set sent_at = null from slice where outbox.id = slice.id
                              and slice.recorded_at >= $1 and slice.sent_at is not null returning 1)
               select max(id), (select count(*) from again) from slice""",
            since,
            seen,
            SLICE,
        )
        if last is None:
            return marked
        marked, seen = marked + again, last
