"""Holds: while one is open the warehouse does not pack the order, and no deadline of the order passes.

A holder may place several, each under a handle of its own. All is derived from the facts; the warehouse alone decides
whether a hold came in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.orders import HoldReleased, HoldRequested
from contracts.vocabularies import HoldPlacer, OrderHoldReason
from contracts.warehouse import HoldTooLate, OrderHeld
from services.orders.domain.refusals import Conflict, ended, is_packed, past_packing
from shared.ledger.facts import Facts

MAX_OPEN = 10
"""Holds of an order that one holder has open at one time."""
MAX_HOLDS = 50
"""Holds that one holder ever places on an order."""

HoldReason = Literal["fraud_check", "awaiting_payment", "address_check", "shopper_request", "other"]
"""The reasons of holds: `contracts.vocabularies.ORDER_HOLD_REASONS`."""
HoldState = Literal["requested", "held", "too_late", "released"]


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold, and what became of it."""

    request: HoldRequested
    state: HoldState
    """`requested` until the warehouse has answered."""
    ended_at: datetime | None
    """When it was released, or was answered to be too late."""

    @property
    def open(self) -> bool:
        return self.state in ("requested", "held")


def holds(facts: Facts) -> list[Hold]:
    """Every hold there ever was, the oldest first."""
    return [_hold(facts, request) for request in facts.all(HoldRequested)]


def _hold(facts: Facts, request: HoldRequested) -> Hold:
    if too_late := facts.get(HoldTooLate, request.hold):
        return Hold(request, "too_late", too_late.occurred_at)
    if released := facts.get(HoldReleased, request.hold):
        return Hold(request, "released", released.occurred_at)
    return Hold(request, "held" if facts.get(OrderHeld, request.hold) else "requested", None)


def open_holds(facts: Facts) -> list[Hold]:
    """The holds for which the order waits. A hold that is not answered yet has no effect once the order is packed."""
    unreleased = [hold for hold in holds(facts) if hold.open]
    return [] if unreleased and is_packed(facts) else unreleased


def held_periods(facts: Facts) -> Iterator[tuple[datetime, datetime]]:
    """The periods of the holds that are released by now."""
    for hold in holds(facts):
        if hold.state == "released" and hold.ended_at is not None:
            yield hold.request.occurred_at, hold.ended_at


def hold_refused(facts: Facts, holder: HoldPlacer) -> Conflict | None:
    """Why this holder can place no hold now. The limits are counted for each holder by itself."""
    if refused := past_packing(facts):
        return refused
    mine = [hold for hold in holds(facts) if hold.request.holder == holder]
    if sum(hold.open for hold in mine) >= MAX_OPEN:
        return Conflict("the order has too many holds", f"{MAX_OPEN} of yours are open: release one")
    if len(mine) >= MAX_HOLDS:
        return Conflict("the order had too many holds", f"{MAX_HOLDS} of yours at most, those released included")
    return None


def place(facts: Facts, holder: HoldPlacer, handle: str, reason: OrderHoldReason, now: datetime) -> HoldRequested:
    """The request for this hold; that of the holder's open hold of this handle, if there is one. Raises Conflict."""
    mine = _of(facts, holder, handle)
    if mine and mine[-1].open:
        if mine[-1].request.reason != reason:
            raise Conflict("the hold is there already", f"for {mine[-1].request.reason}: release it first")
        return mine[-1].request
    if refused := hold_refused(facts, holder):
        raise refused
    turn = len(mine) + 1
    return HoldRequested(
        order_id=facts.id,
        occurred_at=now,
        hold=f"{holder}:{handle}:{turn}",
        holder=holder,
        handle=handle,
        turn=turn,
        reason=reason,
    )


def release(facts: Facts, holder: HoldPlacer, handle: str, now: datetime) -> HoldReleased | None:
    """The release of the holder's last hold of this handle; None when it is not open any more. Raises LookupError when
    there was none, Conflict when the order has ended meanwhile."""
    hold = last_hold(facts, holder, handle)
    if not hold.open:
        return None
    if refused := ended(facts):
        raise refused
    return HoldReleased(order_id=facts.id, occurred_at=now, hold=hold.request.hold)


def last_hold(facts: Facts, holder: HoldPlacer, handle: str) -> Hold:
    """The holder's last hold of this handle. Raises LookupError when there was none."""
    return _of(facts, holder, handle)[-1]


def _of(facts: Facts, holder: HoldPlacer, handle: str) -> list[Hold]:
    """The holder's holds of this handle by their turn."""
    mine = [hold for hold in holds(facts) if (hold.request.holder, hold.request.handle) == (holder, handle)]
    return sorted(mine, key=lambda hold: hold.request.turn)
