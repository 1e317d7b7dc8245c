"""How the warehouse answers requests to hold or change an order: granted before packing, else too late, once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event
from contracts.customs import OrderRefused
from contracts.orders import CancelRequested, ChangeRequested, HoldReleased, HoldRequested
from contracts.warehouse import (
    ChangeTooLate,
    HoldTooLate,
    OrderChanged,
    OrderHeld,
    OrderWithdrawn,
    Shortage,
    StockRefused,
)
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import pack
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.orders import stage
from shared.ledger.facts import DecisionContext, Facts
from tests.support.warehouse_samples import (
    BOXES,
    CLOSED,
    LATER,
    NET,
    NOW,
    ORDER,
    PACKED,
    RESERVED,
    WITHDRAWN,
    known,
    placed,
)

CONTEXT = DecisionContext(LATER)
HOLD = HoldRequested(
    order_id=ORDER,
    occurred_at=NOW,
    hold="marketplace:risk:1",
    holder="marketplace",
    handle="risk",
    reason="fraud_check",
)
OTHER = HoldRequested(
    order_id=ORDER, occurred_at=LATER, hold="operator:me:1", holder="operator", handle="me", reason="other"
)
RELEASED = HoldReleased(order_id=ORDER, occurred_at=LATER, hold=HOLD.hold)
CHANGE = ChangeRequested(order_id=ORDER, occurred_at=NOW, version=2, parts=("phone",))
CANCEL = CancelRequested(order_id=ORDER, occurred_at=NOW, reason="shopper")
SHORTAGES = (Shortage(sku="SAVON-200", wanted=2, available=0),)


def decided(facts: Facts) -> list[Event]:
    """What is decided, and decided again, is decided once."""
    events = decide(facts, CONTEXT)
    for event in events:
        assert facts.add(event)
    assert decide(facts, CONTEXT) == []
    return events


@pytest.mark.parametrize("before", [(), (placed(),), RESERVED])
def test_before_packing_holds_and_changes_are_granted(before: tuple[Event, ...]) -> None:
    assert decided(known(*before, HOLD, OTHER, CHANGE)) == [
        OrderHeld(order_id=ORDER, occurred_at=LATER, hold=HOLD.hold),
        OrderHeld(order_id=ORDER, occurred_at=LATER, hold=OTHER.hold),
        OrderChanged(order_id=ORDER, occurred_at=LATER, version=2),
    ]


@pytest.mark.parametrize(
    "over",
    [
        PACKED,
        (*RESERVED, WITHDRAWN),
        (*RESERVED, CLOSED),
        (placed(), OrderRefused(order_id=ORDER, occurred_at=NOW, reason="dangerous_goods")),
        (placed(), StockRefused(order_id=ORDER, occurred_at=NOW, shortages=SHORTAGES)),
    ],
)
def test_once_an_order_is_packed_or_will_never_be_they_come_too_late(over: tuple[Event, ...]) -> None:
    assert decided(known(*over, HOLD, CHANGE)) == [
        HoldTooLate(order_id=ORDER, occurred_at=LATER, hold=HOLD.hold),
        ChangeTooLate(order_id=ORDER, occurred_at=LATER, version=2),
    ]


def test_a_hold_that_comes_with_the_withdrawal_comes_too_late() -> None:
    withdrawn, answer = decided(known(*RESERVED, HOLD, CANCEL))
    assert isinstance(withdrawn, OrderWithdrawn)
    assert isinstance(answer, HoldTooLate)


def test_an_order_on_hold_is_not_packed_and_leaves_the_list_until_its_last_hold_is_released() -> None:
    facts = known(*RESERVED, HOLD, OTHER)
    decided(facts)
    facts.add(RELEASED)
    with pytest.raises(Refusal) as raised:
        pack(facts, BOXES, NET, LATER)
    assert (raised.value.kind, raised.value.title, raised.value.detail) == (
        "conflict",
        "the order is on hold",
        "other, by operator",
    )
    assert stage(facts)[0] == "on_hold"
    facts.add(HoldReleased(order_id=ORDER, occurred_at=LATER, hold=OTHER.hold))
    assert stage(facts) == ("reserved", NOW)
    assert pack(facts, BOXES, NET, LATER).order_id == ORDER


@given(st.permutations([HOLD, OTHER, CHANGE, RELEASED, "pack", CANCEL]))
def test_in_any_order_what_was_granted_was_granted_before_packing(steps: list[Event | str]) -> None:
    """And nothing is packed while a granted hold is open."""
    facts = known(*RESERVED)
    packed_after: set[str] | None = None
    for step in steps:
        if isinstance(step, Event):
            facts.add(step)
            for event in decide(facts, CONTEXT):
                facts.add(event)
            continue
        try:
            facts.add(pack(facts, BOXES, NET, LATER))
        except Refusal:
            continue
        granted = {hold.hold for hold in facts.all(OrderHeld)}
        assert all(facts.get(HoldReleased, hold) for hold in granted)
        packed_after = granted | {str(change.version) for change in facts.all(OrderChanged)}
    granted = {hold.hold for hold in facts.all(OrderHeld)} | {str(change.version) for change in facts.all(OrderChanged)}
    refused = {hold.hold for hold in facts.all(HoldTooLate)} | {
        str(change.version) for change in facts.all(ChangeTooLate)
    }
    assert granted | refused == {HOLD.hold, OTHER.hold, "2"}
    assert not granted & refused
    if packed_after is not None:
        assert granted == packed_after
