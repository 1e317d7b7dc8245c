"""Which requests about an order are accepted now, by the same rules that answer 409 to the others."""

from __future__ import annotations

from typing import Literal

from contracts.orders import CancelRequested
from services.orders.domain.changes import change_refused
from services.orders.domain.holds import hold_refused, open_holds
from services.orders.domain.refusals import ended
from services.orders.domain.status import OrderStatus
from shared.ledger.facts import Facts

SupportedAction = Literal["cancel", "hold", "release_hold", "change"]


def supported_actions(facts: Facts, status: OrderStatus) -> list[SupportedAction]:
    """Those that the order's state allows its marketplace. A cancel that was asked for, or is known to come too late,
    is left out."""
    actions: list[SupportedAction] = []
    if not (ended(facts) or status.too_late_to_withdraw or CancelRequested in facts):
        actions.append("cancel")
    if hold_refused(facts, "marketplace") is None:
        actions.append("hold")
    if open_holds(facts) and not ended(facts):
        actions.append("release_hold")
    if change_refused(facts) is None:
        actions.append("change")
    return actions
