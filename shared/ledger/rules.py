"""What a service gives its ledger: the kinds of streams it knows, how it decides on each, and its hooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

from contracts.base import Event, Stream
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output
from shared.ledger.versions import NEWEST_BUT_ONE, PublishedVersions

Decide: TypeAlias = Callable[[DB, Sequence[Facts], DecisionContext], Awaitable[Sequence[Output]]]
"""The outputs of a decision on these sets. Runs in the transaction, under the streams' locks; set-based."""
Project: TypeAlias = Callable[[DB, Sequence[Facts]], Awaitable[None]]
"""Brings the service's read tables in line with these sets."""
Absorb: TypeAlias = Callable[[DB, Sequence[Event]], Awaitable[None]]
"""Takes facts into tables of the service's own, in the transaction that records them."""
Observe: TypeAlias = Callable[[Facts, Event], None]
"""Called with each new fact once it is committed: for metrics, since a crash just then leaves it out."""


@dataclass(frozen=True, slots=True)
class StreamKind:
    """How a service treats the facts of one kind of stream: in exactly one of three modes.

    Decided: the facts of a stream are a set, locked, loaded and decided on as a whole; it must stay small. Appended:
    each new fact is given to `absorb` once, with no lock, no load and no decision. Latest: a compacted topic, of which
    only the newest record of a key counts; `latest` writes each where its sequence is greater, and no fact is kept.
    """

    name: str
    decide: Decide | None = None
    project: Project | None = None
    """Of a decided kind only."""
    absorb: Absorb | None = None
    latest: Absorb | None = None
    causes: tuple[str, ...] = ()
    """Other kinds of which a decision on this one may publish facts. Acyclic: it ranks the locks."""

    def __post_init__(self) -> None:
        if sum(mode is not None for mode in (self.decide, self.absorb, self.latest)) != 1:
            raise ValueError(f"kind {self.name}: exactly one of decide, absorb and latest")
        if self.decide is None and (self.project is not None or self.causes):
            raise ValueError(f"kind {self.name}: only a decided kind is projected or causes others")


def _no_events(*_: object) -> Sequence[Event]:
    return ()


@dataclass(frozen=True, slots=True)
class Hooks:
    """The facts to publish when something fails, which only the service knows: those that inform a person."""

    on_undecided: Callable[[Stream, datetime], Sequence[Event]] = _no_events
    """A rule fails on the stream, at this business time. Without a fact it is counted all the same
    (`ledger_undecided_total`)."""
    on_dead_letter: Callable[[Stream, str, datetime], Sequence[Event]] = _no_events
    """A record about the stream, at this place (topic, partition, offset), cannot be handled. Without a fact it waits
    as a dead letter all the same (`messaging_dead_letters_waiting`)."""
    on_replayed: Callable[[Stream, str, datetime], Sequence[Event]] = _no_events
    """That record was handled after all."""


NO_HOOKS = Hooks()


@dataclass(frozen=True)
class Rules:
    """Of one service."""

    service: str
    topic: str | None
    """Where its facts are published; None for a service that publishes none."""
    kinds: tuple[StreamKind, ...]
    """In the order of their locks: a kind stands before those that it causes."""
    hooks: Hooks = NO_HOOKS
    observe: Observe | None = None
    counterparts: Mapping[str, str] = field(default_factory=dict)
    """The counterpart that the jobs of each kind call."""
    versions: PublishedVersions = NEWEST_BUT_ONE
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """By type, the topic of facts that are not published on `topic`."""

    def __post_init__(self) -> None:
        for place, kind in enumerate(self.kinds):
            later = {other.name for other in self.kinds[place + 1 :]}
            if wrong := set(kind.causes) - later:
                raise ValueError(f"kind {kind.name} causes {', '.join(sorted(wrong))}, which must be declared after it")

    @cached_property
    def by_name(self) -> Mapping[str, StreamKind]:
        return {kind.name: kind for kind in self.kinds}

    @cached_property
    def _ranks(self) -> Mapping[str, int]:
        return {kind.name: rank for rank, kind in enumerate(self.kinds)}

    def lock_order(self, stream: Stream) -> tuple[int, int]:
        """By rank of the kind, then id. KeyError for a kind that the service does not know."""
        return self._ranks[stream.kind], stream.id.int
