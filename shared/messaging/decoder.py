"""From records to facts: how a record is decoded, how it is applied, and how it becomes a dead letter."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from aiokafka import TopicPartition
from pydantic import ValidationError

from contracts.base import Event, Stream, Topic, lifted, name_of, versions_of
from shared.db import DB
from shared.ledger.ledger import Ledger
from shared.ledger.versions import Wire
from shared.messaging.record_batches import Unreadable
from shared.telemetry import log, metrics, valid_traceparent
from shared.text import storable

FOREIGN_BYTES = 64 * 1024
"""Bytes of a foreign record's body that are kept: it is never handled."""
FOREIGN_AN_HOUR = 100
"""Foreign records of one topic that are kept in an hour."""
UNKNOWN_NAME = "no such fact is published on this topic"
"""As far as this version knows. A newer version decodes it again; see `DeadLetters.replay_parked`."""
_TYPE_LENGTH = 200
_CACHED_HEADERS = 256
"""Values of a header whose meaning is cached: most records repeat a few of them."""
_FOREIGN_KEPT = """select count(*) from dead_letters
                   where topic = $1 and fate = 'foreign' and died_at > now() - interval '1 hour'"""
_GENERATION = re.compile(rb"([0-9]{1,9})@([0-9]{1,18})")
_GENERATION_LENGTH = 29
"""One more digit than a generation can have."""


class Lacking(ValueError):
    """The record comes from one of our services, and this service lacks what is needed to handle it."""


class Keeper(Protocol):
    """Stores the records of one compacted topic that carries no facts. Their content is never shown: a dead letter of
    this topic holds a body no longer than the keeper allows."""

    @property
    def topic(self) -> str: ...

    def decode(self, key: UUID, body: bytes | None, now: datetime) -> tuple[Event, Any]:
        """The fact, local to this service, that a record for this stream has come, and the record's content. ValueError
        (pydantic's too) for a record that no service can have sent, Lacking for one that waits for a replay."""

    async def keep(self, db: DB, records: Sequence[tuple[Event, Any]]) -> None:
        """Called in the transaction that records the facts, before they are recorded; the streams are locked."""


Fate = Literal["failing", "foreign", "newer"]
"""Why a record is stored instead of handled. Failing: one of our services sent it, and it cannot be handled; it is a
case on its order. Foreign: no service can have sent it; it is counted and alerted, and is no case. Newer: of a version
that this service does not know yet; it is replayed by itself when a release starts that does."""


class Decoded(NamedTuple):
    """A record and its content: an event, nothing (not subscribed to), or the cause why it is a dead letter."""

    record: Record
    event: Event | None = None
    kept: Any = None
    """The content that a keeper stores, beside the event."""
    cause: str | None = None
    fate: Fate = "failing"
    """Set where there is a cause."""


class Record(NamedTuple):
    """A record as it came. A named tuple, like Decoded: one of each is made for every record that is read, and a frozen
    dataclass takes longer to make."""

    partition: TopicPartition
    offset: int
    key: bytes | None
    body: bytes | None
    type: str
    id_header: bytes | None
    """What its header `ce_id` says."""
    generation: int
    generation_start: int
    traceparent: str | None
    last_offset: int | None = None
    """The last offset of a range of records that cannot be read, for which this one stands."""
    fault: str | None = None
    """Why it cannot be decoded; `body` is then the bytes themselves."""

    @property
    def event_id(self) -> UUID | None:
        """None when its header states no id. Parsed only on access, for most records are never asked for it."""
        return _uuid((self.id_header or b"").decode("utf-8", "replace"))

    @property
    def next_offset(self) -> int:
        return (self.offset if self.last_offset is None else self.last_offset) + 1


class Decoder:
    """From records to facts: what the consumer does with a batch, and what a replay does with a dead letter."""

    def __init__(
        self,
        topics: Collection[Topic],
        subscriptions: Collection[type[Event]],
        ledger: Ledger,
        now: Callable[[], datetime],
        keepers: Collection[Keeper] = (),
    ) -> None:
        self.keepers = {keeper.topic: keeper for keeper in keepers}
        self._carried = {(topic.name, event.NAME) for topic in topics for event in topic.events}
        self._producers = {topic.name: topic.producer for topic in topics}
        self.types = {name: kind for newest in subscriptions for name, kind in versions_of(newest).items()}
        self._names = {kind.NAME for kind in subscriptions}
        self._ledger = ledger
        self._now = now

    def read(self, record: Record) -> Decoded:
        """The record with its content, or with the cause why it can never be handled as it is."""
        if record.fault is not None:
            return Decoded(record, cause=f"cannot be decoded: {record.fault}", fate="foreign")
        if (keeper := self.keepers.get(record.partition.topic)) is not None:
            return self._read_kept(record, keeper)
        if (record.partition.topic, name_of(record.type)) not in self._carried:
            return Decoded(record, cause=UNKNOWN_NAME, fate="foreign")
        kind = self.types.get(record.type)
        if kind is None:
            if name_of(record.type) in self._names:
                return Decoded(record, cause=f"{record.type} is newer than this service", fate="newer")
            return Decoded(record)
        if not record.body:
            return Decoded(record, cause="empty value")
        try:
            event = kind.model_validate_json(record.body)
        except ValidationError as error:
            return Decoded(record, cause=_faults(record.type, error))
        if (cause := self._not_ours(record, event)) is not None:
            return Decoded(record, cause=cause, fate="foreign")
        return Decoded(record, event=lifted(event))

    def _not_ours(self, record: Record, event: Event) -> str | None:
        """Why no service can have sent this."""
        # The key is compared with the text that our services write first: to parse each key takes four times as long.
        if record.key != str(event.stream_id).encode() and uuid_of(record.key) != event.stream_id:
            return "the key is not the id of the event's stream"
        if not event.id_follows:
            return "the id does not follow from the event"
        if event.publisher not in (None, self._producers[record.partition.topic]):
            return "the event names another service than the topic's"
        return None

    def _read_kept(self, record: Record, keeper: Keeper) -> Decoded:
        stream_id = uuid_of(record.key)
        if stream_id is None:
            return Decoded(record, cause="the key is no id of a stream", fate="foreign")
        try:
            event, kept = keeper.decode(stream_id, record.body or None, self._now())
        except ValidationError as error:
            return Decoded(record, cause=_faults(record.type, error), fate="foreign")
        except Lacking as error:
            return Decoded(record, cause=str(error))
        except ValueError as error:
            return Decoded(record, cause=str(error), fate="foreign")
        return Decoded(record, event=event, kept=kept)

    async def apply(self, db: DB, batch: Sequence[Decoded]) -> None:
        """Records what was decoded, in the caller's transaction.

        The streams are locked first, so that nobody writes of a person who is being erased.
        """
        events = [decoded.event for decoded in batch if decoded.event is not None]
        await self._ledger.lock_decided(db, events)
        for topic, keeper in self.keepers.items():
            records = [
                (decoded.event, decoded.kept)
                for decoded in batch
                if decoded.event is not None and decoded.record.partition.topic == topic
            ]
            if records:
                await keeper.keep(db, records)
        traces = {
            decoded.event.stream_id: decoded.record.traceparent
            for decoded in batch
            if decoded.event and decoded.record.traceparent
        }
        wire = {
            decoded.event.id: Wire(decoded.record.type, decoded.record.body.decode())
            for decoded in batch
            if decoded.event is not None and decoded.record.partition.topic not in self.keepers and decoded.record.body
        }
        await self._ledger.record(db, consumed=events, wire=wire, traces=traces)

    async def dead_letter(self, db: DB, dead: Sequence[Decoded]) -> None:
        """Stores dead letters. A failing one is reported to a person (see Hooks); of a topic's foreign ones
        `FOREIGN_AN_HOUR` are kept in an hour, and the rest is only counted. Bodies hold no personal data."""
        for decoded in dead:
            record = decoded.record
            stream = stream_of(record)
            key, body, cause = record.key, record.body, decoded.cause or ""
            if decoded.fate == "foreign":
                key, body, cause = _bounded(record, cause, withheld=record.partition.topic in self.keepers)
                metrics.foreign.labels(record.partition.topic).inc()
                if await db.fetchval(_FOREIGN_KEPT, record.partition.topic) >= FOREIGN_AN_HOUR:
                    continue
            await db.execute(
                """insert into dead_letters
                       (topic, partition, "offset", generation, generation_start, stream_kind, stream_id, type, key,
                        body, cause, fate, last_offset)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing""",
                record.partition.topic,
                record.partition.partition,
                record.offset,
                record.generation,
                record.generation_start,
                None if stream is None else stream.kind,
                uuid_of(record.key),
                record.type,
                key,
                body,
                storable(cause),
                decoded.fate,
                record.last_offset,
            )
            if decoded.fate == "failing":
                metrics.dead_letters.inc()
            log.error(
                "dead letter",
                fate=decoded.fate,
                topic=record.partition.topic,
                partition=record.partition.partition,
                offset=record.offset,
                stream=None if stream is None else str(stream),
                event_id=None if record.event_id is None else str(record.event_id),
                type=record.type,
                cause=cause,
            )
            if decoded.fate == "failing":
                await self.report(db, record)

    async def report(self, db: DB, record: Record) -> None:
        """Publishes that this record could not be handled."""
        stream = stream_of(record)
        if stream is not None:
            for event in self._ledger.rules.hooks.on_dead_letter(stream, place(record), self._now()):
                await self._ledger.append(db, event)

    def replayed(self, record: Record) -> Sequence[Event]:
        """The events to publish now that this record was handled."""
        stream = stream_of(record)
        return () if stream is None else self._ledger.rules.hooks.on_replayed(stream, place(record), self._now())


def _bounded(record: Record, cause: str, *, withheld: bool) -> tuple[bytes | None, bytes | None, str]:
    """The key, body and cause of a foreign record, as they are kept. A record on a keeper's topic that names no stream
    could never be erased, so only its digest is kept."""
    body = record.body or b""
    kept = 0 if withheld and uuid_of(record.key) is None else FOREIGN_BYTES
    if len(body) > kept:
        cause = f"{cause} ({len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}, {kept} kept)"
    return (record.key or b"")[:kept] or None, body[:kept] or None, cause


def place(record: Record) -> str:
    """Identifies the record among all of its topic, also after a loss of the log."""
    return f"{record.partition.topic}:{record.generation}.{record.partition.partition}.{record.offset}"


def uuid_of(key: bytes | None) -> UUID | None:
    """The id that a record's key states."""
    return _uuid((key or b"").decode("ascii", "replace"))


def stream_of(record: Record) -> Stream | None:
    """What a record is about, by its type and key; None where the type is not known here or the key is no id."""
    kind, stream_id = Event.BY_TYPE.get(record.type), uuid_of(record.key)
    return None if kind is None or stream_id is None else Stream(kind.KIND, stream_id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _faults(event_type: str, error: ValidationError) -> str:
    """Where and by which rule a body fails; never what it holds."""
    errors = error.errors(include_input=False, include_context=False, include_url=False)
    return f"invalid {event_type}: " + ", ".join(f"{'.'.join(map(str, e['loc']))} {e['type']}" for e in errors[:5])


def as_record(partition: TopicPartition, raw: Any) -> Record:
    """A record as it came. Anybody may have written it: a header may be empty or hold anything, and the record may be
    unreadable."""
    if isinstance(raw, Unreadable):
        return Record(partition, raw.offset, None, raw.data, "", None, 0, 0, None, raw.last_offset, raw.reason)
    # Only the headers that are read are decoded.
    headers = dict(raw.headers)
    generation, start = _generation((headers.get("generation") or b"")[:_GENERATION_LENGTH])
    traceparent = headers.get("traceparent")
    return Record(
        partition=partition,
        offset=raw.offset,
        key=raw.key,
        body=raw.value,
        type=_type((headers.get("ce_type") or b"")[: 4 * _TYPE_LENGTH]),
        id_header=headers.get("ce_id"),
        generation=generation,
        generation_start=start,
        traceparent=valid_traceparent(traceparent.decode("utf-8", "replace")) if traceparent else None,
    )


@lru_cache(_CACHED_HEADERS)
def _type(header: bytes) -> str:
    return storable(header.decode("utf-8", "replace"))[:_TYPE_LENGTH]


@lru_cache(_CACHED_HEADERS)
def _generation(header: bytes) -> tuple[int, int]:
    """The generation, and where it begins; 0 for none."""
    stated = _GENERATION.fullmatch(header)
    return (int(stated[1]), int(stated[2])) if stated else (0, 0)
