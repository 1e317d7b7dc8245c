"""Which status of a parcel replaces which, and how a parcel has ended. Pure.

One table for all: what `carrier` publishes as the end of a parcel, on what `orders` closes, and what `tracking` shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from contracts.base import CountryCode, Event
from contracts.carrier import (
    ParcelDelivered,
    ParcelDestroyed,
    ParcelEndEvent,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.vocabularies import RANKS, ParcelOutcome, Status, known_status
from contracts.warehouse import ParcelReceivedBack
from shared.ledger.facts import Facts

ORIGIN: CountryCode = "FR"
"""Every parcel leaves from the French warehouse."""

Place = Literal[
    "announced", "carried", "customs", "arrived", "round", "counter", "returning",
    "delivered", "returned", "gone", "lost", "cancelled",
]  # fmt: skip
"""Statuses that the rules treat alike."""
PLACES: dict[Place, tuple[Status, ...]] = {
    "announced": ("announced",),
    "carried": (
        "accepted", "in_transit", "at_origin_exchange", "export_cleared", "customs_released", "departed_origin",
        "in_transit_country",
    ),
    "customs": ("customs", "export_customs", "import_customs"),
    "arrived": ("arrived_destination", "import_cleared", "in_destination_network"),
    "round": ("at_delivery_office", "out_for_delivery"),
    "counter": ("available_for_pickup",),
    "returning": ("returning",),
    "delivered": ("delivered",),
    "returned": ("returned",),
    "gone": ("seized", "destroyed"),
    "lost": ("lost",),
    "cancelled": ("cancelled",),
}  # fmt: skip
PLACE_OF: dict[Status, Place] = {status: place for place, statuses in PLACES.items() for status in statuses}

Verdict = Literal["replaces", "if_further", "stays"]
"""What a later scan does to the status: it counts, it counts if its rank is higher, or the status stays."""


@dataclass(frozen=True, slots=True)
class Row:
    """What happens to a status in one of the places `of` when a later scan has a status in one of the places `then`."""

    of: tuple[Place, ...]
    then: tuple[Place, ...]
    verdict: Verdict
    reason: str


_BEFORE_THE_DOOR: tuple[Place, ...] = ("announced", "carried", "customs", "arrived")
_AT_THE_DOOR: tuple[Place, ...] = ("round", "counter")
_SEEN_ENDS: tuple[Place, ...] = ("delivered", "returned", "gone")
_ENDS: tuple[Place, ...] = (*_SEEN_ENDS, "lost", "cancelled")
_IN_HAND: tuple[Place, ...] = ("carried", "customs", "arrived", *_AT_THE_DOOR, "returning")

TABLE = (
    Row(
        _BEFORE_THE_DOOR, _BEFORE_THE_DOOR, "if_further", "scans come late, and ET1 recurs: only a step further counts"
    ),
    Row(_BEFORE_THE_DOOR, (*_AT_THE_DOOR, "returning", *_ENDS), "replaces", "it is further"),
    Row(_AT_THE_DOOR, _AT_THE_DOOR, "replaces", "from the counter it may go on a round again, and back"),
    Row(_AT_THE_DOOR, ("returning", *_ENDS), "replaces", "it is further"),
    Row(("counter",), ("arrived",), "replaces", "it was taken from the counter and is carried on"),
    Row(("counter",), ("announced", "carried", "customs"), "stays", "it has left all that behind: told late"),
    Row(("round",), _BEFORE_THE_DOOR, "stays", "a scan of the network on the day of a round belongs to the round"),
    Row(("returning",), _BEFORE_THE_DOOR, "stays", "on the way back scans tell where it is, not where it goes"),
    Row(("returning",), _AT_THE_DOOR, "replaces", "the refusal was taken back; see `in_order`"),
    Row(("returning",), ("returning", *_ENDS), "replaces", "it is further"),
    Row(("delivered",), ("returned", "gone"), "replaces", "an end that was seen later: it did not stay there"),
    Row(("returned",), ("delivered", "gone"), "replaces", "an end that was seen later: it was sent again"),
    Row(("gone",), ("delivered", "returned"), "replaces", "an end that was seen later: it was not gone"),
    Row(("delivered",), ("delivered",), "stays", "told again"),
    Row(("returned",), ("returned",), "stays", "told again"),
    Row(("gone",), ("gone",), "stays", "told again; a seized parcel may be destroyed, which changes nothing"),
    Row(_SEEN_ENDS, ("lost", "cancelled"), "stays", "it was seen: who has lost it knows less"),
    Row(("delivered", "returned"), ("announced", *_IN_HAND), "stays", "recorded late: only another end ends an end"),
    Row(("gone",), ("carried", "arrived", *_AT_THE_DOOR, "returning"), "replaces", "it was released: it moves again"),
    Row(("gone",), ("announced", "customs"), "stays", "customs still has it"),
    Row(("lost",), (*_IN_HAND, *_SEEN_ENDS), "replaces", "it was found: somebody has seen it"),
    Row(("lost",), ("announced", "lost", "cancelled"), "stays", "nobody has seen it"),
    Row(("cancelled",), (*_IN_HAND, *_SEEN_ENDS), "replaces", "the carrier has it all the same"),
    Row(("cancelled",), ("announced", "cancelled", "lost"), "stays", "the carrier does not have it"),
)
"""Every status and every later one is in exactly one row."""

_VERDICTS: dict[tuple[Place, Place], Verdict] = {
    (of, then): row.verdict for row in TABLE for of in row.of for then in row.then
}
_REPLACES: frozenset[tuple[Status, Status]] = frozenset(
    (of, then)
    for of in RANKS
    for then in RANKS
    if (verdict := _VERDICTS[PLACE_OF[of], PLACE_OF[then]]) == "replaces"
    or (verdict == "if_further" and RANKS[then] > RANKS[of])
)


def replaces(current: Status | None, status: Status) -> bool:
    """Whether a later scan of this status replaces the current one."""
    return current is None or (current, status) in _REPLACES


@dataclass(frozen=True, slots=True)
class Step:
    """What one fact says about the parcel's journey, at its event time."""

    at: datetime
    fact: Event
    status: Status | None = None
    corrects: bool = False
    """Set by `orders`, which owns the outcome of an order that is closed."""


_LAST_COUNTS = ("cancelled", "lost", "delivered", "seized", "destroyed", "returned")


def by_time(step: Step) -> tuple[datetime, int, int, int]:
    """Event time; at one instant the lower rank first, of ends the one that outweighs the others last, then the id."""
    status = step.status
    weight = _LAST_COUNTS.index(status) if status in _LAST_COUNTS else -1
    return step.at, RANKS[status] if status else 0, weight, step.fact.id.int


def end_step(fact: Event) -> Step | None:
    """What a fact says that ends a parcel; None for any other fact."""
    match fact:
        case ParcelDelivered():
            return Step(fact.delivered_at, fact, "delivered")
        case ParcelReturned():
            return Step(fact.returned_at, fact, "returned")
        case ParcelReceivedBack():
            return Step(fact.occurred_at, fact, "returned")
        case ParcelLost():
            return Step(fact.occurred_at, fact, "lost")
        case ParcelDestroyed():
            return Step(fact.occurred_at, fact, "seized" if fact.reason == "seized" else "destroyed")
        case _:
            return None


def in_order(steps: Iterable[Step]) -> list[Step]:
    """The steps by time, with what they stand for once the parcel is on its way back to the sender.

    A scan of a delivery in the sender's country is one to the sender. A round, or a counter, is the sender's too if the
    parcel has moved since its return began, or is in the sender's country; else the refusal was taken back.
    """
    sequence = sorted(steps, key=by_time)
    returning = moved = changed = False
    country: CountryCode | None = None
    for index, step in enumerate(sequence):
        place = PLACE_OF[step.status] if step.status else None
        returning = returning or place == "returning"
        if not returning:
            continue
        if isinstance(step.fact, ParcelScanned):
            country = step.fact.country or country
        if place == "delivered" and country == ORIGIN and isinstance(step.fact, ParcelScanned):
            sequence[index], changed = replace(step, status="returned"), True
        elif place in _AT_THE_DOOR and (moved or country == ORIGIN):
            sequence[index], changed = replace(step, status="returning"), True
        elif place in _AT_THE_DOOR:
            returning = moved = False
            country = None
        elif place in _BEFORE_THE_DOOR:
            moved = True
    return sorted(sequence, key=by_time) if changed else sequence


@dataclass(frozen=True, slots=True)
class EndEvidence:
    """What proves the end of a parcel."""

    occurred_at: datetime
    outcome: ParcelOutcome
    reason: str | None


_OUTCOMES: dict[Status, ParcelOutcome] = {
    "delivered": "delivered",
    "returned": "returned",
    "lost": "lost",
    "seized": "destroyed",
    "destroyed": "destroyed",
}
_END_FACTS = (ParcelDelivered, ParcelReturned, ParcelReceivedBack, ParcelLost, ParcelDestroyed)


def end_evidence(facts: Facts, parcel: int) -> EndEvidence | None:
    """How the parcel has ended, by the facts that say so; None when nothing proves an end, or when the carrier has it
    again after it was lost, seized or destroyed. All counts by the time of the event itself."""
    end_facts = [fact for kind in _END_FACTS for fact in facts.all(kind) if fact.parcel == parcel]
    ends = [step for fact in end_facts if (step := end_step(fact))]
    if not ends:
        return None
    if any(isinstance(step.fact, ParcelLost | ParcelDestroyed) for step in ends):
        ends += [
            Step(scan.scanned_at, scan, status)
            for scan in facts.all(ParcelScanned)
            if scan.parcel == parcel and (status := known_status(scan.status)) and status not in _OUTCOMES
        ]
    return evidence_of(last_step(in_order(ends)))


def last_step(steps: Iterable[Step]) -> Step | None:
    """Of steps by time, the one whose status holds in the end."""
    holding: Step | None = None
    for step in steps:
        if step.status and replaces(holding.status if holding else None, step.status):
            holding = step
    return holding


def evidence_of(step: Step | None) -> EndEvidence | None:
    """The end that a step states, if it states one."""
    outcome = _OUTCOMES.get(step.status) if step and step.status else None
    return EndEvidence(step.at, outcome, _reason(step.fact)) if step and outcome else None


def _reason(fact: Event) -> str | None:
    match fact:
        case ParcelReturned() | ParcelDestroyed():
            return fact.reason
        case ParcelReceivedBack():
            return "received_back"
        case ParcelLost():
            return f"said_by_{fact.said_by}"
        case _:
            return None


def next_turn(facts: Facts, kind: type[ParcelEndEvent], parcel: int) -> int:
    """The turn of the next fact of this kind about the parcel."""
    return 1 + max((fact.turn for fact in facts.all(kind) if fact.parcel == parcel), default=0)
