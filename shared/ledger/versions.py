"""In which version a service publishes its facts, and in which form a fact is stored.

A fact is stored as it came or as it leaves: wire type and bytes. It is lifted to the newest version whenever it is
loaded. A release that knows a new version writes the one before until a setting says otherwise, so that all replicas
and all consumers know the new one by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.base import Event, lifted


class Wire(NamedTuple):
    """A fact as it is on the wire and in the database."""

    type: str
    body: str


def wire_of(event: Event) -> Wire:
    """Without the fields that hold their default: each fact is stored and read by several services. A default never
    changes (`contracts.compatibility`)."""
    return Wire(event.TYPE, event.model_dump_json(exclude_defaults=True))


@dataclass(frozen=True, slots=True)
class PublishedVersions:
    """`written`: by name, the version that is published, where that is not the one before the newest."""

    written: Mapping[str, int] = field(default_factory=dict)

    def lowered(self, event: Event) -> Event:
        """The fact in the version in which it is published."""
        version = self.written.get(event.NAME, max(1, event.VERSION - 1))
        while version < event.VERSION and (older := event.down()) is not event:
            event = older
        return event

    def settled(self, event: Event) -> tuple[Event, Wire]:
        """The fact as it goes into the set, and as it is published: fields that an older version cannot hold are
        dropped from both, so that memory, database and consumers decide alike."""
        lower = self.lowered(event)
        return (event if lower is event else lifted(lower)), wire_of(lower)


NEWEST_BUT_ONE = PublishedVersions()
