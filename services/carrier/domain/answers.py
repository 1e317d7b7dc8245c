"""What operators may state about a parcel, and the events that follow."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from contracts.base import Event
from contracts.carrier import ParcelDestroyed, ParcelEndEvent, ParcelLost, ParcelScanned
from contracts.warehouse import ParcelHandedOver
from services.carrier.domain.claim_cases import NOT_SENT, SENT, open_claim
from services.carrier.domain.enquiries import ANSWERED_FOUND, open_enquiry
from services.carrier.domain.labels import REFUSE, open_label_case, refusal
from services.carrier.domain.outcomes import current_end
from services.parcel_status import EndEvidence, next_turn
from shared.ledger.facts import Facts


class NotPossible(Exception):
    """The parcel is in no state in which this can be stated; the text gives the reason."""


def loss(facts: Facts, parcel: int, now: datetime) -> list[Event]:
    """The carrier has lost the parcel. Repeated, it changes nothing. Raises NotPossible."""
    end = current_end(facts, parcel)
    if end is None or end.outcome != "lost":
        _require_under_way(facts, parcel, end)
    return [_lost(facts, parcel, end, now)]


def destruction(
    facts: Facts, parcel: int, reason: Literal["destroyed", "seized", "abandoned"], now: datetime
) -> list[Event]:
    """The parcel is destroyed, whether it was under way or lost. Repeated, it changes nothing. Raises NotPossible."""
    end = current_end(facts, parcel)
    is_published = end is not None and (end.outcome, end.reason) == ("destroyed", reason)
    if not is_published:
        _require_under_way(facts, parcel, None if end and end.outcome == "lost" else end)
    destroyed_at, turn = _after_its_scans(facts, parcel, now), _turn(facts, ParcelDestroyed, parcel, is_published)
    return [ParcelDestroyed(order_id=facts.id, occurred_at=destroyed_at, parcel=parcel, reason=reason, turn=turn)]


def enquiry_answer(facts: Facts, parcel: int, found: bool, now: datetime) -> list[Event]:
    """The carrier's answer to an enquiry. Raises NotPossible when none is open."""
    case = open_enquiry(facts, parcel)
    if case is None:
        raise NotPossible("no enquiry is open for this parcel")
    return [case.closed(now, ANSWERED_FOUND) if found else _lost(facts, parcel, current_end(facts, parcel), now)]


def claim_answer(facts: Facts, parcel: int, sent: bool, now: datetime) -> list[Event]:
    """Whether a claim was sent to the carrier. Raises NotPossible when none is asked for."""
    case = open_claim(facts, parcel)
    if case is None:
        raise NotPossible("no claim is asked for about this parcel")
    return [case.closed(now, SENT if sent else NOT_SENT)]


def label_answer(facts: Facts, parcel: int, action: Literal["repeat", "refuse"], now: datetime) -> list[Event]:
    """What a person decided in a case about a label. Raises NotPossible when none is open."""
    case = open_label_case(facts, parcel)
    if case is None:
        raise NotPossible("no case about this parcel's label is open")
    closed: list[Event] = [case.closed(now, action)]
    return [*closed, refusal(facts.id, parcel, "operator", now)] if action == REFUSE else closed


def _require_under_way(facts: Facts, parcel: int, end: EndEvidence | None) -> None:
    """Raises NotPossible unless the parcel was handed over and has no such end."""
    if facts.get(ParcelHandedOver, parcel) is None:
        raise NotPossible("this parcel was not handed over")
    if end is not None:
        raise NotPossible("this parcel has come to its end already")


def _lost(facts: Facts, parcel: int, end: EndEvidence | None, now: datetime) -> ParcelLost:
    """The loss; a parcel that was lost before, and found, is lost another time."""
    turn = _turn(facts, ParcelLost, parcel, end is not None and end.outcome == "lost")
    lost_at = _after_its_scans(facts, parcel, now)
    return ParcelLost(order_id=facts.id, occurred_at=lost_at, parcel=parcel, said_by="operator", turn=turn)


def _turn(facts: Facts, kind: type[ParcelEndEvent], parcel: int, is_published: bool) -> int:
    """The turn of an end that an operator states: that of the present end if it is the same (`is_published`), else the
    next."""
    return max(1, next_turn(facts, kind, parcel) - is_published)


def _after_its_scans(facts: Facts, parcel: int, now: datetime) -> datetime:
    """The time of a stated end: not before any scan so far, even one whose stated time is some hours ahead."""
    return max([now, *(scan.scanned_at for scan in facts.all(ParcelScanned) if scan.parcel == parcel)])
