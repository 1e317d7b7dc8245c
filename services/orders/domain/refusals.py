"""Why a request about an order is refused: its state forbids it."""

from __future__ import annotations

from contracts.customs import ParcelDeclared
from contracts.orders import CancelRequested, OrderClosed
from contracts.warehouse import OrderPacked
from services.orders.domain.outcomes import order_outcome, parcels_after_hand_over
from shared.ledger.facts import Facts


class Conflict(Exception):
    """The state of the order forbids it."""

    def __init__(self, title: str, detail: str | None = None) -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail


def ended(facts: Facts) -> Conflict | None:
    """The order has ended."""
    closed = facts.get(OrderClosed)
    return Conflict("the order has ended", f"it is {closed.outcome}") if closed else None


def is_packed(facts: Facts) -> bool:
    """Whether it is known to be packed, by its own fact or by a later one."""
    return OrderPacked in facts or ParcelDeclared in facts or bool(parcels_after_hand_over(facts))


def past_packing(facts: Facts) -> Conflict | None:
    """The order has ended, is being cancelled, is packed, or is about to end: it can be neither held nor changed any
    more."""
    if refused := ended(facts):
        return refused
    if CancelRequested in facts:
        return Conflict("the order is being cancelled")
    if is_packed(facts):
        return Conflict("the order is packed", "cancel it and order again, while no parcel has left")
    if outcome := order_outcome(facts):
        return Conflict("the order is ending", f"it will be {outcome.outcome}")
    return None
