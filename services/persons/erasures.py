"""A restored database may still hold persons who were erased since its backup: they are erased again before the service
is ready.

A tombstone on the topic of persons is gone soon after its record. The markers on `orders.erasures` stay for as long as
a backup may be old, and are read from their beginning at every start: what a database has consumed is restored with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID, uuid5

from contracts.base import Event
from contracts.persons import ErasureMarker
from services.markers import read_batches
from services.persons.facts import PersonErased
from services.persons.records import Persons
from shared.clock import Clock
from shared.db import DB
from shared.ledger import outbox
from shared.ledger.ledger import Ledger
from shared.loop import Loop
from shared.messaging.partition_log import LogProbe
from shared.telemetry import log

TOPIC = "orders.erasures"
MARKER = "erasure-marker.v1"

EraseAgain: TypeAlias = Callable[[Sequence[UUID]], Awaitable[int]]
"""Erases what the database holds of the persons of these orders; returns for how many it held something."""


async def mark(db: DB, order_id: UUID, erased_at: datetime) -> None:
    """Publishes that this order's person was erased, in the transaction that erases."""
    body = ErasureMarker(order_id=order_id, erased_at=erased_at).model_dump_json()
    await outbox.publish(db, [outbox.Message(TOPIC, str(order_id), uuid5(order_id, MARKER), MARKER, body)])


async def erase_marked(erase: EraseAgain, probe: LogProbe, loop: Loop) -> None:
    """Reads all markers, and erases what is left of whom they name. Raises KafkaError, UnreadableBatch, TRANSIENT."""
    again = 0
    async for markers in read_batches(probe, TOPIC, ErasureMarker, lambda marker: str(marker.order_id), loop):
        again += await erase(sorted({marker.order_id for marker in markers}))
    if again:
        log.warning("persons were erased again: was the database restored?", orders=again)


class Markers:
    """Takes the markers that a restore from the topics finds, as `Persons` takes a tombstone (Keeper)."""

    topic = TOPIC

    def __init__(self, persons: Persons) -> None:
        self._persons = persons

    def decode(self, key: UUID, body: bytes | None, now: datetime) -> tuple[Event, None]:
        if ErasureMarker.model_validate_json(body or b"").order_id != key:
            raise ValueError("the key is not the marker's order id")
        return PersonErased(order_id=key, occurred_at=now), None

    async def keep(self, db: DB, records: Sequence[tuple[Event, None]]) -> None:
        await self._persons.keep(db, records)


def forgetting(ledger: Ledger, persons: Persons, clock: Clock) -> EraseAgain:
    """Erases, as a tombstone would, the orders whose record is here."""

    async def erase(order_ids: Sequence[UUID]) -> int:
        async with ledger.transaction() as db:
            held = await persons.held(db, order_ids)
            events = [PersonErased(order_id=order_id, occurred_at=clock.now()) for order_id in held]
            await ledger.lock_decided(db, events)
            await persons.keep(db, [(event, None) for event in events])
            await ledger.record(db, consumed=events)
        return len(held)

    return erase
