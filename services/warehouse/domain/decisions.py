"""What follows from an order's facts alone, whatever the stock: proved hand-overs, and answers to requests to withdraw,
hold or change the order.

The warehouse decides about withdrawals because the goods are here. An order can be withdrawn until its first parcel is
handed over, and whoever requests it (the shopper, a deadline, a refused parcel or label, a shortage, a recall) gets the
same answer: withdrawn, or too late. It can be held or changed until it is packed, which happens under the same lock: an
order that was answered to be held is never packed before the hold is released.
"""

from __future__ import annotations

from datetime import datetime

from contracts.base import Event
from contracts.carrier import LabelCreated, LabelRefused, ParcelScanned
from contracts.customs import OrderRefused, OrderScreened, ParcelRefused
from contracts.orders import CancelRequested, ChangeRequested, HoldRequested, OrderClosed, OrderPlaced
from contracts.vocabularies import with_the_carrier
from contracts.warehouse import (
    CancelTooLate,
    ChangeTooLate,
    HoldTooLate,
    OrderChanged,
    OrderHeld,
    OrderPacked,
    OrderRecalled,
    OrderWithdrawn,
    ParcelHandedOver,
    StockRefused,
    StockReserved,
    StockShort,
    UnitsPacked,
)
from services.warehouse.domain.orders import packed_parcels
from services.warehouse.domain.units import withdrawn_units
from shared.ledger.facts import DecisionContext, Facts


def decide(facts: Facts, context: DecisionContext) -> list[Event]:
    """The facts that follow from those of the order, without those that are known already."""
    proved = _proved_hand_overs(facts, context.now)
    handed_over = bool(proved) or ParcelHandedOver in facts
    withdrawal = _withdrawal_answers(facts, handed_over, context.now)
    packing_over = _packing_over(facts) or any(isinstance(event, OrderWithdrawn) for event in withdrawal)
    opened: list[Event] = []
    if UnitsPacked in facts and OrderWithdrawn in facts:
        opened += withdrawn_units(facts, [event.parcel for event in proved], context.now)
    return [*proved, *withdrawal, *opened, *_packing_answers(facts, packing_over, context.now)]


def _proved_hand_overs(facts: Facts, now: datetime) -> list[ParcelHandedOver]:
    """A carrier's scan proves the hand-over, even if nobody reported it, even if the order was withdrawn. The label is
    there before any scan of it: both come from one service, on one partition."""
    if ParcelScanned not in facts:
        return []
    proofs = {scan.parcel: scan for scan in reversed(facts.all(ParcelScanned)) if with_the_carrier(scan.status)}
    return [
        ParcelHandedOver(
            order_id=facts.id,
            occurred_at=now,
            parcel=number,
            carrier=label.carrier,
            tracking_number=proofs[number].tracking_number,
        )
        for number in sorted(packed_parcels(facts))
        if number in proofs
        and facts.get(ParcelHandedOver, number) is None
        and (label := facts.get(LabelCreated, number)) is not None
    ]


def _withdrawal_answers(facts: Facts, handed_over: bool, now: datetime) -> list[Event]:
    """One withdrawal answers all requests; after the first hand-over each request is answered as too late."""
    reasons = _withdrawal_reasons(facts)
    if not reasons or OrderWithdrawn in facts:
        return []
    if not handed_over:
        return [OrderWithdrawn(order_id=facts.id, occurred_at=now, reason=reasons[0])]
    return [
        CancelTooLate(order_id=facts.id, occurred_at=now, reason=reason)
        for reason in reasons
        if facts.get(CancelTooLate, reason) is None
    ]


def _withdrawal_reasons(facts: Facts) -> list[str]:
    """Why the order should be withdrawn, the earliest first, each once."""
    requests: list[tuple[Event, str]] = [
        *((event, event.reason) for event in facts.all(CancelRequested)),
        *((event, "vendor_suspended") for event in facts.all(OrderRecalled)),
        *((event, "parcel_refused") for event in facts.all(ParcelRefused)),
        *((event, "label_refused") for event in facts.all(LabelRefused)),
        *((event, "stock_short") for event in facts.all(StockShort)),
    ]
    requests.sort(key=lambda item: (item[0].occurred_at, item[0].id.int))
    return list(dict.fromkeys(reason for _, reason in requests))


_PACKED_OR_ENDED = (OrderPacked, OrderWithdrawn, OrderRefused, StockRefused, OrderClosed)


def _packing_over(facts: Facts) -> bool:
    """Whether the order is packed, or never will be."""
    return any(kind in facts for kind in _PACKED_OR_ENDED)


def _packing_answers(facts: Facts, over: bool, now: datetime) -> list[Event]:
    """Each request for a hold or a change is answered once: granted before packing, else too late."""
    answers: list[Event] = []
    for hold in facts.all(HoldRequested):
        if facts.get(OrderHeld, hold.hold) is None and facts.get(HoldTooLate, hold.hold) is None:
            kind = HoldTooLate if over else OrderHeld
            answers.append(kind(order_id=facts.id, occurred_at=now, hold=hold.hold))
    for change in facts.all(ChangeRequested):
        if facts.get(OrderChanged, change.version) is None and facts.get(ChangeTooLate, change.version) is None:
            answer = ChangeTooLate if over else OrderChanged
            answers.append(answer(order_id=facts.id, occurred_at=now, version=change.version))
    return answers


def wants_reservation(facts: Facts) -> bool:
    """Placed and screened, and nothing decided yet: the decision on the stock is taken once."""
    return (OrderPlaced in facts and OrderScreened in facts) and not any(
        decided in facts for decided in (StockReserved, StockRefused, OrderWithdrawn, OrderRefused, OrderClosed)
    )
