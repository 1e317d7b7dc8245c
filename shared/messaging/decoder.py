"""From records to facts: what a record holds, how it is applied, and how it becomes a dead letter."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from aiokafka import TopicPartition
from pydantic import ValidationError

from contracts.base import Event, Topic, fact_id
from contracts.cases import CaseOpened
from contracts.persons import PersonRecord
from shared import persons
from shared.db import DB
from shared.ledger.facts import PersonErased, PersonRecorded
from shared.ledger.ledger import Ledger
from shared.messaging.record_batches import Unreadable
from shared.telemetry import log, metrics, valid_traceparent
from shared.text import storable

FOREIGN_BYTES = 64 * 1024
"""Of a foreign record's body that are kept: it is never handled."""
FOREIGN_AN_HOUR = 100
"""Foreign records of one topic that are kept in an hour."""
_TYPE_LENGTH = 200
_FOREIGN_KEPT = """select count(*) from dead_letters
                   where topic = $1 and fate = 'foreign' and died_at > now() - interval '1 hour'"""
_GENERATION = re.compile(r"([0-9]{1,9})@([0-9]{1,18})")

OnErased: TypeAlias = Callable[[DB, Sequence[UUID]], Awaitable[None]]
"""What a service drops of its own when these orders' persons are erased."""


Fate = Literal["failing", "foreign", "newer"]
"""Why a record is put away. Failing: it is ours, and cannot be handled; a case on its order. Foreign: none of our
services can have sent it; it is counted and alerted, and no case. Newer: a version that this service does not know yet;
it is replayed by itself at the start of one that does."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record and what it holds: an event, nothing that is subscribed to, or the cause why it is a dead letter."""

    record: Record
    event: Event | None = None
    person: PersonRecord | None = None
    cause: str | None = None
    fate: Fate = "failing"
    """Where there is a cause."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came."""

    partition: TopicPartition
    offset: int
    key: bytes | None
    body: bytes | None
    type: str
    event_id: UUID | None
    """As its header says; None when that is no id."""
    generation: int
    generation_start: int
    traceparent: str | None
    last_offset: int | None = None
    """Of what stands for all records up to there, since none of them can be read."""
    fault: str | None = None
    """Why it cannot be decoded; `body` is then the bytes themselves."""

    @property
    def next_offset(self) -> int:
        return (self.offset if self.last_offset is None else self.last_offset) + 1


class Decoder:
    """From records to facts: what the consumer does with a batch, and what a replay does with a dead letter."""

    def __init__(
        self,
        service: str,
        topics: Collection[Topic],
        subscriptions: Collection[type[Event]],
        ledger: Ledger,
        keeper: persons.Persons,
        on_erased: OnErased | None,
        now: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._carried = {(topic.name, event.NAME) for topic in topics for event in topic.events}
        self._producers = {topic.name: topic.producer for topic in topics}
        self._hears = {kind.TYPE: kind for kind in subscriptions}
        self.subscriptions = tuple(subscriptions)
        self._names = {_name(kind.TYPE) for kind in subscriptions}
        self._ledger = ledger
        self._keeper = keeper
        self._on_erased = on_erased
        self._now = now

    def read(self, record: Record) -> Decoded:
        """The record with what it holds, or with the cause why it can never be handled as it is."""
        if record.fault is not None:
            return Decoded(record, cause=f"cannot be decoded: {record.fault}", fate="foreign")
        if record.partition.topic == persons.TOPIC:
            return self._read_person(record)
        if (record.partition.topic, _name(record.type)) not in self._carried:
            return Decoded(record, cause="no such fact is published on this topic", fate="foreign")
        kind = self._hears.get(record.type)
        if kind is None:
            if _name(record.type) in self._names:
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
        return Decoded(record, event=event)

    def _not_ours(self, record: Record, event: Event) -> str | None:
        """Why none of our services can have sent this."""
        if order_id_of(record.key) != event.order_id:
            return "the key is not the event's order id"
        if event.id != fact_id(event.order_id, event.NAME, event.subject):
            return "the id does not follow from the event"
        if isinstance(event, CaseOpened) and event.service != self._producers[record.partition.topic]:
            return "the case names another service than the topic's"
        return None

    def _read_person(self, record: Record) -> Decoded:
        order_id = order_id_of(record.key)
        if order_id is None:
            return Decoded(record, cause="the key is no order id", fate="foreign")
        if not record.body:
            return Decoded(record, event=PersonErased(order_id=order_id, occurred_at=self._now()))
        try:
            person = PersonRecord.model_validate_json(record.body)
        except ValidationError as error:
            return Decoded(record, cause=_faults(persons.RECORD, error), fate="foreign")
        if person.order_id != order_id:
            return Decoded(record, cause="the key is not the record's order id", fate="foreign")
        return Decoded(record, event=PersonRecorded(order_id=order_id, occurred_at=self._now()), person=person)

    async def apply(self, db: DB, read: Sequence[Decoded]) -> None:
        """Records what was read, in the caller's transaction.

        The orders are locked first, so that nobody writes of a person who is being erased.
        """
        await self._ledger.lock(db, {one.event.order_id for one in read if one.event is not None})
        people = [one.person for one in read if one.person is not None]
        if people:
            await self._keeper.store(db, people)
        erased = [one.event.order_id for one in read if isinstance(one.event, PersonErased)]
        if erased:
            await self._keeper.drop(db, erased)
            if self._on_erased is not None:
                await self._on_erased(db, erased)
        events = [one.event for one in read if one.event is not None]
        traces = {one.event.order_id: one.record.traceparent for one in read if one.event and one.record.traceparent}
        bodies = {
            one.event.id: one.record.body.decode()
            for one in read
            if one.event is not None and one.person is None and one.record.body
        }
        await self._ledger.record(db, consumed=events, bodies=bodies, traces=traces)

    async def dead_letter(self, db: DB, dead: Sequence[Decoded]) -> None:
        """Dead letters. One that is failing gets a case on its order, so that a person sees it; of foreign ones so many
        are kept of a topic in an hour, and the rest is only counted. Bodies hold no personal data."""
        for one in dead:
            record = one.record
            order_id = order_id_of(record.key)
            key, body, cause = record.key, record.body, one.cause or ""
            if one.fate == "foreign":
                key, body, cause = _bounded(record, order_id, cause)
                metrics.foreign.labels(record.partition.topic).inc()
                if await db.fetchval(_FOREIGN_KEPT, record.partition.topic) >= FOREIGN_AN_HOUR:
                    continue
            await db.execute(
                """insert into dead_letters
                       (topic, partition, "offset", generation, generation_start, order_id, type, key, body, cause,
                        fate, last_offset)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing""",
                record.partition.topic,
                record.partition.partition,
                record.offset,
                record.generation,
                record.generation_start,
                order_id,
                record.type,
                key,
                body,
                storable(cause),
                one.fate,
                record.last_offset,
            )
            if one.fate == "failing":
                metrics.dead_letters.inc()
            log.error(
                "dead letter",
                fate=one.fate,
                topic=record.partition.topic,
                partition=record.partition.partition,
                offset=record.offset,
                order_id=None if order_id is None else str(order_id),
                event_id=None if record.event_id is None else str(record.event_id),
                type=record.type,
                cause=cause,
            )
            if one.fate == "failing":
                await self.open_case(db, record)

    async def open_case(self, db: DB, record: Record) -> None:
        """A person is to see that this record of an order could not be handled."""
        order_id = order_id_of(record.key)
        if order_id is not None:
            case = CaseOpened(
                order_id=order_id,
                occurred_at=self._now(),
                case=self.case_of(record),
                service=self._service,
                kind="dead_letter",
                detail=_place(record),
                reason="dead_letter",
                action="replay_dead_letter",
            )
            await self._ledger.append(db, case)

    def case_of(self, record: Record) -> str:
        """The name of the case that a dead letter opens; each service that cannot handle the record has its own."""
        return f"dead_letter:{self._service}:{_place(record)}"


def _bounded(record: Record, order_id: UUID | None, cause: str) -> tuple[bytes | None, bytes | None, str]:
    """Of a foreign record the key, the body and the cause as they are kept. What lies on the topic of persons and names
    no order could not be erased, so only its digest is kept."""
    body = record.body or b""
    kept = 0 if record.partition.topic == persons.TOPIC and order_id is None else FOREIGN_BYTES
    if len(body) > kept:
        cause = f"{cause} ({len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}, {kept} kept)"
    return (record.key or b"")[:kept] or None, body[:kept] or None, cause


def _place(record: Record) -> str:
    return f"{record.partition.topic}:{record.generation}.{record.partition.partition}.{record.offset}"


def order_id_of(key: bytes | None) -> UUID | None:
    """The order id that a record's key states."""
    return _uuid((key or b"").decode("ascii", "replace"))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _name(event_type: str) -> str:
    return event_type.rsplit(".v", 1)[0]


def _faults(event_type: str, error: ValidationError) -> str:
    """Where and by which rule a body fails; never what it holds."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return f"invalid {event_type}: " + ", ".join(f"{'.'.join(map(str, e['loc']))} {e['type']}" for e in found[:5])


def as_record(partition: TopicPartition, raw: Any) -> Record:
    """A record as it came, whoever wrote it: a header may be empty, or hold anything, and it may not be readable."""
    if isinstance(raw, Unreadable):
        return Record(partition, raw.offset, None, raw.data, "", None, 0, 0, None, raw.last_offset, raw.reason)
    headers = {name: storable((value or b"").decode("utf-8", "replace")) for name, value in raw.headers}
    generation = _GENERATION.fullmatch(headers.get("generation", ""))
    return Record(
        partition=partition,
        offset=raw.offset,
        key=raw.key,
        body=raw.value,
        type=headers.get("ce_type", "")[:_TYPE_LENGTH],
        event_id=_uuid(headers.get("ce_id", "")),
        generation=int(generation[1]) if generation else 0,
        generation_start=int(generation[2]) if generation else 0,
        traceparent=valid_traceparent(headers.get("traceparent")),
    )
