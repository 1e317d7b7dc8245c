"""The set of facts of one stream, and the outputs of a decision on it. Pure: no I/O, no clock.

A service decides on the set of all facts that it knows about a stream, never on the latest alone. The outputs follow
from the set; the service publishes those that it has not published yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from contracts.base import Event, Stream

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Job:
    """A call to a counterpart: made once for a kind, stream and subject, however often it is decided on."""

    kind: str
    stream: Stream
    subject: str = ""
    """What distinguishes two jobs of one kind and stream: mostly the parcel's number."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Decide this stream again when the business clock has passed `at` (and everything published by then was
    consumed)."""

    stream: Stream
    at: datetime


Output = Event | Job | Timer


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """When a decision is taken."""

    now: datetime
    """Business time, UTC."""
    caught_up: bool = False
    """Whether all that was published before `now` was consumed. Deadlines act only then, so that no deadline passes
    because of lag alone."""


class Facts:
    """All facts about one stream. Iteration and `all` are in the order of (occurred_at, id), whatever the order of
    arrival.

    A set holds one fact for each name and subject, whatever its version or id: the first stays.
    """

    __slots__ = ("_by_name", "_by_time", "_size", "stream")

    def __init__(self, stream: Stream, events: Iterable[Event] = ()) -> None:
        self.stream = stream
        self._by_name: dict[str, dict[str, Event]] = {}
        self._by_time: dict[type[Event], list[Event]] = {}
        """By kind, what `all` has answered since the last fact was added: a decision asks for a kind many times."""
        self._size = 0
        for event in events:
            self.add(event)

    @property
    def id(self) -> UUID:
        """Of the stream."""
        return self.stream.id

    def add(self, event: Event) -> bool:
        """Adds a fact; False, and nothing changed, when one of its name and subject is known already."""
        if event.stream_id != self.stream.id or self.stream.kind != event.KIND:
            raise ValueError(f"{event.TYPE} is about {event.stream}, not {self.stream}")
        alike, subject = self._by_name.setdefault(event.NAME, {}), event.subject
        if subject in alike:
            return False
        alike[subject] = event
        self._by_time.clear()
        self._size += 1
        return True

    def __contains__(self, item: type[Event] | Event) -> bool:
        """Whether a fact of this kind is known; of an event: one of its name and subject."""
        if isinstance(item, type):
            return item.NAME in self._by_name
        return item.subject in self._by_name.get(item.NAME, ())

    def get(self, kind: type[E], subject: str | int = "") -> E | None:
        """The fact of this kind about this subject, e.g. `facts.get(LabelCreated, parcel)`."""
        fact = self._by_name.get(kind.NAME, {}).get(str(subject))
        # isinstance of a pydantic class runs in Python, which is slow; so the type itself is compared first.
        return fact if type(fact) is kind or isinstance(fact, kind) else None

    def all(self, kind: type[E]) -> list[E]:
        """Every fact of this kind, by (occurred_at, id)."""
        facts: list[E] | None = self._by_time.get(kind)  # type: ignore[assignment]  # each list is of its key's kind
        if facts is None:
            alike = self._by_name.get(kind.NAME, {}).values()
            facts = [event for event in alike if type(event) is kind or isinstance(event, kind)]
            facts.sort(key=_time_order)
            self._by_time[kind] = facts  # type: ignore[assignment]
        return facts.copy()

    def first(self, kind: type[E]) -> E | None:
        """The earliest fact of this kind."""
        return next(iter(self.all(kind)), None)

    def __iter__(self) -> Iterator[Event]:
        everything = (event for alike in self._by_name.values() for event in alike.values())
        return iter(sorted(everything, key=_time_order))

    def __len__(self) -> int:
        return self._size


def _time_order(event: Event) -> tuple[datetime, int]:
    return event.occurred_at, event.id.int
