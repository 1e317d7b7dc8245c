"""Who gets the stock: what a batch of orders moves, and which of those that wait get their goods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from contracts.base import Event, order_stream
from contracts.orders import OrderPlaced
from contracts.warehouse import Shortage, StockRefused, StockReserved
from services.warehouse.domain.decisions import wants_reservation
from services.warehouse.domain.movements import OrderStock, due_movements, outgoing_movements, returned_movements
from services.warehouse.domain.orders import ordered_units
from services.warehouse.domain.stock import Movement, StockLevels, levels_after, units_in
from shared.ledger.facts import Facts, Timer

_NOTHING = StockLevels()
"""Of an unknown SKU."""
RESTORE_RETRY = timedelta(minutes=1)
"""After a restore: an order that waits for goods is decided again after this, in business time."""


@dataclass(slots=True)
class StockChanges:
    """What a batch of orders does to the stock. `levels` holds every SKU that was looked at."""

    levels: dict[str, StockLevels]
    movements: list[Movement] = field(default_factory=list)
    published: list[Event] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    restored: list[UUID] = field(default_factory=list)
    """Orders whose reservation was pending restore and is restored now."""
    pending_restore: dict[UUID, Sequence[str]] = field(default_factory=dict)
    """Orders whose reservation is not yet restored, with its SKUs: none while the order's lines are not known."""

    def move(self, movements: Sequence[Movement]) -> None:
        self.levels.update(levels_after(self.levels, movements))
        self.movements += movements

    def available(self, sku: str) -> int:
        """Units available, blocked or not; not the measure for new orders."""
        return self.levels.get(sku, _NOTHING).available


@dataclass(frozen=True, slots=True)
class Claims:
    """Goods held by orders whose reservation is not yet restored: no new order gets any of them."""

    skus: frozenset[str]
    complete: bool
    """False while the lines of one of these orders are not known: it may hold anything."""

    @classmethod
    def of(cls, pending_restore: Mapping[UUID, Sequence[str]]) -> Claims:
        """Of `StockChanges.pending_restore`."""
        claimed = frozenset(sku for skus in pending_restore.values() for sku in skus)
        return cls(claimed, all(pending_restore.values()))

    def may_hold(self, skus: Iterable[str]) -> bool:
        return not self.complete or not self.skus.isdisjoint(skus)


def skus_to_lock(orders: Iterable[OrderStock]) -> set[str]:
    """The SKUs whose stock rows these orders need, to be locked before `allocate`."""
    skus: set[str] = set()
    for order in orders:
        skus.update(movement.sku for movement in due_movements(order))
        if wants_reservation(order.facts) or order.pending_restore():
            skus.update(ordered_units(order.facts))
    return skus


def allocate(
    orders: Sequence[OrderStock],
    levels: Mapping[str, StockLevels],
    now: datetime,
    pending_restore: Mapping[UUID, Sequence[str]],
) -> StockChanges:
    """Makes the movements that are due, then reserves for the orders that wait, in the order of their arrival: all
    lines of an order or none. `levels` are the locked rows of `skus_to_lock`; `pending_restore` are all orders whose
    reservation is not yet restored, as in `StockChanges.pending_restore`. While one of those lacks its goods, a new
    order gets none of them and is decided again later."""
    changes = StockChanges(levels=dict(levels), pending_restore=dict(pending_restore))
    for order in orders:
        if not order.pending_restore():
            _move_due(order, changes)
    for order in orders:
        if order.pending_restore():
            _restore_reservation(order, changes, now)
    claims = Claims.of(changes.pending_restore)
    waiting = [order.facts for order in orders if wants_reservation(order.facts)]
    for facts in sorted(waiting, key=_by_arrival):
        decision = reservation(facts, changes.levels, claims, now)
        if decision is None:
            changes.timers.append(Timer(facts.stream, now + RESTORE_RETRY))
            continue
        if isinstance(decision, StockReserved):
            ordered = sorted(ordered_units(facts).items())
            changes.move([Movement(sku, "reserved", units, order_id=facts.id) for sku, units in ordered])
        changes.published.append(decision)
    return changes


def reservation(
    facts: Facts, levels: Mapping[str, StockLevels], claims: Claims, now: datetime
) -> StockReserved | StockRefused | None:
    """All lines of the order or none, from the stock of its SKUs; None while that is unknown, since an earlier order
    may hold some of it."""
    ordered = sorted(ordered_units(facts).items())
    if claims.may_hold(sku for sku, _ in ordered):
        return None
    shortages = tuple(
        Shortage(sku=sku, wanted=units, available=row.free, reason=row.blocked)
        for sku, units in ordered
        if (row := levels.get(sku, _NOTHING)).free < units
    )
    if shortages:
        return StockRefused(order_id=facts.id, occurred_at=now, shortages=shortages)
    return StockReserved(order_id=facts.id, occurred_at=now)


def _move_due(order: OrderStock, changes: StockChanges) -> None:
    outgoing = []
    for movement in outgoing_movements(order):
        capped = _capped(movement, changes)
        changes.move([capped])
        outgoing.append(capped)
    changes.move(list(returned_movements(order.facts, [*order.movements, *outgoing])))


def _capped(movement: Movement, changes: StockChanges) -> Movement:
    """Goods that were released, and left with the carrier all the same, may have been reserved for another order
    meanwhile. Only units still available are booked as shipped; the picker of that other order will find a unit missing
    and report it."""
    if movement.kind != "shipped_after_release":
        return movement
    return replace(movement, quantity=min(movement.quantity, changes.available(movement.sku)))


def _restore_reservation(order: OrderStock, changes: StockChanges, now: datetime) -> None:
    """Reserves the goods again, and makes all their later movements with it: all at once or none. Goods that the order
    did not release must be available, which may need products and goods receipts to be entered again that the backup
    lacks. Until then no movement is made, so that no quantity is booked too low."""
    order_id, ordered = order.facts.id, ordered_units(order.facts)
    reserved = [Movement(sku, "reserved", units, order_id=order_id) for sku, units in sorted(ordered.items())]
    movements = [*reserved, *due_movements(replace(order, movements=reserved))]
    left = {sku: changes.available(sku) + change for sku, change in units_in(movements, "available").items()}
    if ordered and all(sku in changes.levels and units >= 0 for sku, units in left.items()):
        changes.move(movements)
        changes.restored.append(order_id)
        changes.pending_restore.pop(order_id, None)
    else:
        changes.pending_restore[order_id] = sorted(ordered)
        changes.timers.append(Timer(order_stream(order_id), now + RESTORE_RETRY))


def _by_arrival(facts: Facts) -> tuple[datetime, int]:
    return facts.all(OrderPlaced)[0].occurred_at, facts.id.int
