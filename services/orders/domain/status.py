"""The status of an order: the table of its states, and the state that follows from its facts."""

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
from contracts.warehouse import (
    CancelTooLate,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelRepacked,
    StockReserved,
)
from services.orders.domain.holds import open_holds
from services.orders.domain.outcomes import parcels_after_hand_over, planned_parcels
from services.parcel_status import end_evidence
from services.persons.facts import PersonRecorded
from services.plans import is_given_up
from shared.ledger.facts import Facts

State = Literal[
    "placed", "screened", "reserved", "packed", "declared", "labelled", "handed_over", "in_transit", "arrived", "closed"
]
WaitingState = State | Literal["cancelling", "on_hold"]
Cancel = Literal["requested", "withdrawn", "too_late"]


@dataclass(frozen=True, slots=True)
class StateRule:
    """A state, and the rule that returns when it was reached."""

    state: State
    reached: Callable[[Facts, int], datetime | None]
    """When the order, or this parcel of it, reached the state; None when it has not."""
    of_parcel: bool
    awaits: str
    """Who acts next."""


def _when_order(kind: type[Event]) -> Callable[[Facts, int], datetime | None]:
    def reached(facts: Facts, _parcel: int) -> datetime | None:
        fact = facts.get(kind)
        return fact.occurred_at if fact else None

    return reached


def _when_packed(facts: Facts, _parcel: int) -> datetime | None:
    """A box that replaces another begins its way anew."""
    packed = facts.get(OrderPacked)
    return max(event.occurred_at for event in (packed, *facts.all(ParcelRepacked))) if packed else None


def _when_parcel(kind: type[Event]) -> Callable[[Facts, int], datetime | None]:
    def reached(facts: Facts, parcel: int) -> datetime | None:
        fact = facts.get(kind, parcel)
        return fact.occurred_at if fact else None

    return reached


def _when_screenable(facts: Facts, _parcel: int) -> datetime | None:
    """The order can be screened once both it and the person's record have arrived; the wait begins then."""
    placed, person = facts.get(OrderPlaced), facts.first(PersonRecorded)
    if placed is None:
        return None
    return max(placed.occurred_at, person.occurred_at) if person else placed.occurred_at


def _when_first_carried(facts: Facts, parcel: int) -> datetime | None:
    return min(
        (
            scan.scanned_at
            for scan in facts.all(ParcelScanned)
            if scan.parcel == parcel and with_the_carrier(scan.status)
        ),
        default=None,
    )


def _when_ended(facts: Facts, parcel: int) -> datetime | None:
    evidence = end_evidence(facts, parcel)
    return evidence.occurred_at if evidence else None


STATES: tuple[StateRule, ...] = (
    StateRule("placed", _when_screenable, of_parcel=False, awaits="customs"),
    StateRule("screened", _when_order(OrderScreened), of_parcel=False, awaits="warehouse"),
    StateRule("reserved", _when_order(StockReserved), of_parcel=False, awaits="packer"),
    StateRule("packed", _when_packed, of_parcel=False, awaits="customs"),
    StateRule("declared", _when_parcel(ParcelDeclared), of_parcel=True, awaits="carrier"),
    StateRule("labelled", _when_parcel(LabelCreated), of_parcel=True, awaits="packer"),
    StateRule("handed_over", _when_parcel(ParcelHandedOver), of_parcel=True, awaits="carrier"),
    StateRule("in_transit", _when_first_carried, of_parcel=True, awaits="carrier"),
    StateRule("arrived", _when_ended, of_parcel=True, awaits="orders"),
)
"""The table of states, in their order. An order is in the last state that it, or else each of its parcels, has
reached; a later fact implies the earlier ones that have not arrived yet. `closed` follows as soon as
`outcomes.order_outcome` finds an end: from `arrived`, or from any state before the first hand-over."""

PACKED, HANDED_OVER = ([rule.state for rule in STATES].index(state) for state in ("packed", "handed_over"))


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """The state of an order, since when it is in it, and who acts next."""

    state: State
    since: datetime
    awaits: str | None
    cancel: Cancel | None
    """Beside the state: whether the order is to be withdrawn, and the answer of the warehouse."""
    too_late_to_withdraw: bool
    """A parcel was handed over, or the warehouse answered so: the order cannot be withdrawn any more."""
    held_since: datetime | None = None
    """Since when the oldest hold is open; None when none is, and when the order has ended."""

    @property
    def waiting_state(self) -> WaitingState:
        """The state whose deadline counts."""
        if self.cancel == "requested":
            return "cancelling"
        return "on_hold" if self.held_since else self.state


def order_status(facts: Facts) -> OrderStatus | None:
    """The status of the order; None while OrderPlaced is not known."""
    if OrderPlaced not in facts:
        return None
    numbers = planned_parcels(facts)
    too_late = CancelTooLate in facts or any(
        _parcel_rule_index(facts, number) >= HANDED_OVER
        for number in parcels_after_hand_over(facts)
        if not is_given_up(facts, number)  # a scan of its old label is a case, and no hand-over
    )
    if closed := facts.get(OrderClosed):
        return OrderStatus("closed", closed.occurred_at, None, cancel_answer(facts), too_late)
    for index in reversed(range(len(STATES))):
        rule = STATES[index]
        subjects = numbers if rule.of_parcel else (0,)
        times = [time for subject in subjects if (time := _reached_at(facts, subject, index)) is not None]
        if times and len(times) == len(subjects):
            holds = open_holds(facts)
            return OrderStatus(
                rule.state,
                max(times),
                holds[0].request.holder if holds else rule.awaits,
                cancel_answer(facts),
                too_late,
                holds[0].request.occurred_at if holds else None,
            )
    raise AssertionError("an order that was placed has reached its first state")


def _reached_at(facts: Facts, subject: int, index: int) -> datetime | None:
    """When this state was reached; without a fact of its own, when the first later state of a parcel was."""
    reached_at = STATES[index].reached(facts, subject)
    if reached_at is not None or not STATES[index].of_parcel:
        return reached_at
    later = (rule.reached(facts, subject) for rule in STATES[index + 1 :])
    return min((time for time in later if time is not None), default=None)


def parcel_state(facts: Facts, parcel: int) -> str:
    """The state of one planned parcel; its outcome once it has one."""
    if evidence := end_evidence(facts, parcel):
        return evidence.outcome
    return STATES[_parcel_rule_index(facts, parcel)].state


def _parcel_rule_index(facts: Facts, parcel: int) -> int:
    reached = (index for index, rule in enumerate(STATES) if rule.of_parcel and rule.reached(facts, parcel) is not None)
    return max(reached, default=PACKED)


def cancel_answer(facts: Facts) -> Cancel | None:
    """The answer to the request to withdraw the order; None when nobody asked."""
    requested = facts.get(CancelRequested)
    if requested is None:
        return None
    if OrderWithdrawn in facts:
        return "withdrawn"
    return "too_late" if CancelTooLate in facts else "requested"
