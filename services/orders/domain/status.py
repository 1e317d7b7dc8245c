"""The life of an order: the table of its states, and where an order stands by the facts that are known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.base import Event
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.customs import OrderScreened, ParcelDeclared
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.vocabularies import with_the_carrier
from contracts.warehouse import CancelTooLate, OrderPacked, OrderWithdrawn, ParcelHandedOver, StockReserved
from services.orders.domain.outcomes import parcels_told_of, plan, sighting
from shared.ledger.facts import Facts, PersonRecorded

State = Literal[
    "placed", "screened", "reserved", "packed", "declared", "labelled", "handed_over", "in_transit", "arrived", "closed"
]
Waiting = State | Literal["cancelling"]
Cancel = Literal["requested", "withdrawn", "too_late"]


@dataclass(frozen=True, slots=True)
class Step:
    """A state, and when the order (or one parcel of it) has come there; None: it has not."""

    state: State
    reached: Callable[[Facts, int], datetime | None]
    of_parcel: bool
    awaits: str
    """Who moves it on from here."""


def _when(kind: type[Event]) -> Callable[[Facts, int], datetime | None]:
    def reached(facts: Facts, _parcel: int) -> datetime | None:
        fact = facts.get(kind)
        return fact.occurred_at if fact else None

    return reached


def _when_parcel(kind: type[Event]) -> Callable[[Facts, int], datetime | None]:
    def reached(facts: Facts, parcel: int) -> datetime | None:
        fact = facts.get(kind, parcel)
        return fact.occurred_at if fact else None

    return reached


def _when_accepted(facts: Facts, _parcel: int) -> datetime | None:
    """An order can be screened once both it and the person's record are there; its wait begins then."""
    placed, person = facts.get(OrderPlaced), facts.get(PersonRecorded)
    if placed is None:
        return None
    return max(placed.occurred_at, person.occurred_at) if person else placed.occurred_at


def _when_moving(facts: Facts, parcel: int) -> datetime | None:
    return min(
        (s.scanned_at for s in facts.all(ParcelScanned) if s.parcel == parcel and with_the_carrier(s.status)),
        default=None,
    )


def _when_final(facts: Facts, parcel: int) -> datetime | None:
    found = sighting(facts, parcel)
    return found.at if found else None


LIFE: tuple[Step, ...] = (
    Step("placed", _when_accepted, of_parcel=False, awaits="customs"),
    Step("screened", _when(OrderScreened), of_parcel=False, awaits="warehouse"),
    Step("reserved", _when(StockReserved), of_parcel=False, awaits="packer"),
    Step("packed", _when(OrderPacked), of_parcel=False, awaits="customs"),
    Step("declared", _when_parcel(ParcelDeclared), of_parcel=True, awaits="carrier"),
    Step("labelled", _when_parcel(LabelCreated), of_parcel=True, awaits="packer"),
    Step("handed_over", _when_parcel(ParcelHandedOver), of_parcel=True, awaits="carrier"),
    Step("in_transit", _when_moving, of_parcel=True, awaits="carrier"),
    Step("arrived", _when_final, of_parcel=True, awaits="orders"),
)
"""The one table of transitions. An order stands in the last state that it, or else each of its parcels, has reached;
a later fact stands for earlier ones that have not come yet. `closed` follows as soon as `ends.ending` finds an end:
from `arrived`, or from any state before the first hand-over."""

PACKED, HANDED_OVER = (next(n for n, step in enumerate(LIFE) if step.state == s) for s in ("packed", "handed_over"))


@dataclass(frozen=True, slots=True)
class Life:
    """Where an order stands."""

    state: State
    since: datetime
    awaits: str | None
    cancel: Cancel | None
    """A flag beside the state: someone asked to withdraw the order, and what the warehouse answered."""
    beyond_return: bool
    """A parcel has left our hands: nothing can be withdrawn any more."""

    @property
    def waiting(self) -> Waiting:
        """What the order's deadline is about."""
        return "cancelling" if self.cancel == "requested" else self.state


def life(facts: Facts) -> Life | None:
    """Where the order stands; None while its placing is not known."""
    if OrderPlaced not in facts:
        return None
    numbers = plan(facts)
    beyond = CancelTooLate in facts or any(
        _parcel_step(facts, number) >= HANDED_OVER for number in parcels_told_of(facts)
    )
    if closed := facts.get(OrderClosed):
        return Life("closed", closed.occurred_at, None, cancel_of(facts), beyond)
    for index in reversed(range(len(LIFE))):
        step = LIFE[index]
        subjects = numbers if step.of_parcel else (0,)
        entered = [_entered(facts, subject, index) for subject in subjects]
        times = [at for at in entered if at is not None]
        if times and len(times) == len(subjects):
            return Life(step.state, max(times), step.awaits, cancel_of(facts), beyond)
    raise AssertionError("an order that was placed has reached its first state")


def _entered(facts: Facts, subject: int, index: int) -> datetime | None:
    """When this state, or for want of its own fact a later one of the same kind, was reached."""
    own = LIFE[index].reached(facts, subject)
    if own is not None or not LIFE[index].of_parcel:
        return own
    later = (step.reached(facts, subject) for step in LIFE[index + 1 :])
    return min((at for at in later if at is not None), default=None)


def parcel_state(facts: Facts, parcel: int) -> str:
    """Where one parcel of the plan stands; its outcome once it has one."""
    if found := sighting(facts, parcel):
        return found.outcome
    return LIFE[_parcel_step(facts, parcel)].state


def _parcel_step(facts: Facts, parcel: int) -> int:
    reached = (n for n, step in enumerate(LIFE) if step.of_parcel and step.reached(facts, parcel) is not None)
    return max(reached, default=PACKED)


def cancel_of(facts: Facts) -> Cancel | None:
    """What became of the wish to withdraw the order."""
    requested = facts.get(CancelRequested)
    if requested is None:
        return None
    if OrderWithdrawn in facts:
        return "withdrawn"
    return "too_late" if CancelTooLate in facts else "requested"
