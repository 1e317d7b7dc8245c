"""Pauses of operations that orders wait for: the time of a pause does not count in a deadline. Pure.

A pause is a fact about a counterpart, not about an order; an order's decision is given those that concern it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.carriers import counterpart_of, route_to
from contracts.customs import ParcelDeclared
from contracts.orders import OrderPlaced
from contracts.warehouse import ParcelHandedOver
from services.orders.domain.status import WaitingState
from shared.ledger.facts import Facts

AWAITED_OPERATION: Mapping[WaitingState, str] = {"declared": "labels"}
"""By state, the operation of the order's carrier that an order in it waits for."""
LOOK_AGAIN = timedelta(days=1)
"""An order whose operation is paused is decided again after this, in business time, should it not be decided when the
pause ends."""


@dataclass(frozen=True, slots=True)
class Pause:
    """When an operation of a counterpart was paused."""

    counterpart: str
    operation: str
    since: datetime
    until: datetime | None
    """None while it lasts."""


NO_PAUSES: Sequence[Pause] = ()


def earliest_wait(facts: Facts) -> datetime | None:
    """Since when the order may have waited for an operation that can be paused; None when it waits for no such
    operation."""
    declared = facts.first(ParcelDeclared)
    return declared.occurred_at if declared is not None and ParcelHandedOver not in facts else None


def concerning(facts: Facts, state: WaitingState, pauses: Sequence[Pause]) -> list[Pause]:
    """Those of these pauses that hold up an order in this state."""
    operation, placed = AWAITED_OPERATION.get(state), facts.get(OrderPlaced)
    route = route_to(placed.country, placed.carrier) if placed and operation else None
    if route is None:
        return []
    awaited = (counterpart_of(route.carrier), operation)
    return [pause for pause in pauses if (pause.counterpart, pause.operation) == awaited]
