"""What operators may state about a parcel, and the events that follow."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from contracts.base import Event
from contracts.carrier import ParcelDestroyed, ParcelLost
from contracts.warehouse import ParcelHandedOver
from services.carrier.domain.enquiries import ANSWERED_FOUND, open_enquiry
from services.carrier.domain.labels import REFUSE, open_label_case, refusal
from services.carrier.domain.outcomes import OUTCOMES
from shared.ledger.facts import Facts


class NotPossible(Exception):
    """The parcel is in no state in which this can be stated; the text gives the reason."""


def loss(facts: Facts, parcel: int, now: datetime) -> list[Event]:
    """The carrier has lost the parcel. Repeated, it changes nothing. Raises NotPossible."""
    if facts.get(ParcelLost, parcel) is None:
        _require_under_way(facts, parcel)
    return [_lost(facts, parcel, now)]


def destruction(
    facts: Facts, parcel: int, reason: Literal["destroyed", "seized", "abandoned"], now: datetime
) -> list[Event]:
    """The parcel is gone for good, be it under way or lost. Repeated, it changes nothing. Raises NotPossible."""
    known = facts.get(ParcelDestroyed, parcel)
    if known is None or known.reason != reason:
        _require_under_way(facts, parcel, or_lost=True)
    return [ParcelDestroyed(order_id=facts.id, occurred_at=now, parcel=parcel, reason=reason)]


def enquiry_answer(facts: Facts, parcel: int, found: bool, now: datetime) -> list[Event]:
    """The carrier's answer to an enquiry. Raises NotPossible when none is open."""
    case = open_enquiry(facts, parcel)
    if case is None:
        raise NotPossible("no enquiry is open for this parcel")
    return [case.closed(now, ANSWERED_FOUND) if found else _lost(facts, parcel, now)]


def label_answer(facts: Facts, parcel: int, action: Literal["repeat", "refuse"], now: datetime) -> list[Event]:
    """What a person decided in a case about a label. Raises NotPossible when none is open."""
    case = open_label_case(facts, parcel)
    if case is None:
        raise NotPossible("no case about this parcel's label is open")
    closed: list[Event] = [case.closed(now, action)]
    return [*closed, refusal(facts.id, parcel, "operator", now)] if action == REFUSE else closed


def _require_under_way(facts: Facts, parcel: int, *, or_lost: bool = False) -> None:
    """Raises NotPossible unless the parcel was handed over and has no outcome; with `or_lost` a loss is none."""
    if facts.get(ParcelHandedOver, parcel) is None:
        raise NotPossible("this parcel was not handed over")
    if any(facts.get(outcome, parcel) is not None for outcome in OUTCOMES if not (or_lost and outcome is ParcelLost)):
        raise NotPossible("this parcel has come to its end already")


def _lost(facts: Facts, parcel: int, now: datetime) -> ParcelLost:
    return ParcelLost(order_id=facts.id, occurred_at=now, parcel=parcel, said_by="operator")
