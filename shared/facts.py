"""The set of facts of one order, and what may be owed on it. Pure: no I/O, no clock.

A service decides on the set of all it knows of an order, never on what came last. What it owes is what follows
from the set; what it publishes is that less what it has said already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeVar
from uuid import UUID

from contracts.base import Event

E = TypeVar("E", bound=Event)


class PersonRecorded(Event):
    """The person's record has arrived here. Known to this service only; holds nothing of the person."""

    TYPE: ClassVar[str] = "person-recorded.v1"


class PersonErased(Event):
    """The person's record was erased here. Known to this service only."""

    TYPE: ClassVar[str] = "person-erased.v1"


@dataclass(frozen=True, slots=True)
class Job:
    """Work for the outside that is owed: once an order, kind and subject, however often it is decided."""

    kind: str
    order_id: UUID
    subject: str = ""
    """What tells two jobs of a kind apart, mostly the parcel's number."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Decide this order again when the business clock has passed `at` (and everything said by then was heard)."""

    order_id: UUID
    at: datetime


Owed = Event | Job | Alarm


@dataclass(frozen=True, slots=True)
class Moment:
    """When a decision is taken."""

    now: datetime
    """Business time, UTC."""
    caught_up: bool = False
    """All that was said before `now` was heard. Deadlines act only then, so that lag alone never lets one pass."""


class Facts:
    """All that is known of one order. Iteration and `all` go by (occurred_at, id), whatever the order of arrival."""

    __slots__ = ("_by_type", "_ids", "order_id")

    def __init__(self, order_id: UUID, events: Iterable[Event] = ()) -> None:
        self.order_id = order_id
        self._ids: set[UUID] = set()
        self._by_type: dict[type[Event], dict[str, Event]] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> bool:
        """Adds a fact; False, and nothing changed, when it is known already."""
        if event.order_id != self.order_id:
            raise ValueError(f"{event.TYPE} is about order {event.order_id}, not {self.order_id}")
        if event.id in self._ids:
            return False
        self._ids.add(event.id)
        self._by_type.setdefault(type(event), {})[event.subject] = event
        return True

    def __contains__(self, item: type[Event] | Event) -> bool:
        if isinstance(item, Event):
            return item.id in self._ids
        return item in self._by_type

    def get(self, kind: type[E], subject: str | int = "") -> E | None:
        """The fact of this type about this subject, e.g. `facts.get(LabelCreated, parcel)`."""
        found = self._by_type.get(kind, {}).get(str(subject))
        return found if isinstance(found, kind) else None

    def all(self, kind: type[E]) -> list[E]:
        """Every fact of this type, by (occurred_at, id)."""
        found = [event for event in self._by_type.get(kind, {}).values() if isinstance(event, kind)]
        return sorted(found, key=_by_time)

    def first(self, kind: type[E]) -> E | None:
        """The earliest fact of this type."""
        return min(
            (event for event in self._by_type.get(kind, {}).values() if isinstance(event, kind)),
            key=_by_time,
            default=None,
        )

    def __iter__(self) -> Iterator[Event]:
        everything = (event for events in self._by_type.values() for event in events.values())
        return iter(sorted(everything, key=_by_time))

    def __len__(self) -> int:
        return len(self._ids)


def _by_time(event: Event) -> tuple[datetime, int]:
    return event.occurred_at, event.id.int
