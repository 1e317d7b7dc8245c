"""The set of facts of one order, and the outputs of a decision on it. Pure: no I/O, no clock.

A service decides on the set of all it knows of an order, never on what came last. Its outputs are what follows from
the set; it publishes those that it has not published yet.
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

    NAME: ClassVar[str] = "person-recorded"


class PersonErased(Event):
    """The person's record was erased here. Known to this service only."""

    NAME: ClassVar[str] = "person-erased"


@dataclass(frozen=True, slots=True)
class Job:
    """A call to a counterpart: once for an order, kind and subject, however often it is decided."""

    kind: str
    order_id: UUID
    subject: str = ""
    """What tells two jobs of a kind apart, mostly the parcel's number."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Decide this order again when the business clock has passed `at` (and everything published by then was
    consumed)."""

    order_id: UUID
    at: datetime


Output = Event | Job | Timer


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """When a decision is taken."""

    now: datetime
    """Business time, UTC."""
    caught_up: bool = False
    """All that was published before `now` was consumed. Deadlines act only then, so that lag alone never lets one
    pass."""


class Facts:
    """All that is known of one order. Iteration and `all` go by (occurred_at, id), whatever the order of arrival.

    A set holds one fact for each name and subject, whatever its version or id: the first stays.
    """

    __slots__ = ("_by_name", "_size", "order_id")

    def __init__(self, order_id: UUID, events: Iterable[Event] = ()) -> None:
        self.order_id = order_id
        self._by_name: dict[str, dict[str, Event]] = {}
        self._size = 0
        for event in events:
            self.add(event)

    def add(self, event: Event) -> bool:
        """Adds a fact; False, and nothing changed, when one of its name and subject is known already."""
        if event.order_id != self.order_id:
            raise ValueError(f"{event.TYPE} is about order {event.order_id}, not {self.order_id}")
        alike, subject = self._by_name.setdefault(event.NAME, {}), event.subject
        if subject in alike:
            return False
        alike[subject] = event
        self._size += 1
        return True

    def __contains__(self, item: type[Event] | Event) -> bool:
        """Whether a fact of this kind is known; of an event: one of its name and subject."""
        if isinstance(item, Event):
            return item.subject in self._by_name.get(item.NAME, ())
        return item.NAME in self._by_name

    def get(self, kind: type[E], subject: str | int = "") -> E | None:
        """The fact of this kind about this subject, e.g. `facts.get(LabelCreated, parcel)`."""
        found = self._by_name.get(kind.NAME, {}).get(str(subject))
        return found if isinstance(found, kind) else None

    def all(self, kind: type[E]) -> list[E]:
        """Every fact of this kind, by (occurred_at, id)."""
        found = [event for event in self._by_name.get(kind.NAME, {}).values() if isinstance(event, kind)]
        return sorted(found, key=_by_time)

    def first(self, kind: type[E]) -> E | None:
        """The earliest fact of this kind."""
        return min(
            (event for event in self._by_name.get(kind.NAME, {}).values() if isinstance(event, kind)),
            key=_by_time,
            default=None,
        )

    def __iter__(self) -> Iterator[Event]:
        everything = (event for alike in self._by_name.values() for event in alike.values())
        return iter(sorted(everything, key=_by_time))

    def __len__(self) -> int:
        return self._size


def _by_time(event: Event) -> tuple[datetime, int]:
    return event.occurred_at, event.id.int
