"""What the warehouse does with what it hears: decide, move the stock under its locks, keep the lists of work."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.base import Event
from contracts.carrier import LabelCreated, LabelRefused, ParcelReturned, ParcelScanned
from contracts.customs import OrderRefused, OrderScreened, ParcelRefused
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.warehouse import StockReserved
from services.warehouse.domain import decisions
from services.warehouse.store import stock
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output


async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    """Decides on the sets. Stock rows are locked after the orders, in the order of their SKUs, and only when goods
    may move; each movement and its effect on the stock are written here, in the transaction of its facts."""
    outputs: list[Output] = []
    known: list[Facts] = []
    for facts in orders:
        events = decisions.decide(facts, context)
        outputs.extend(events)
        known.append(Facts(facts.order_id, [*facts, *events]) if events else facts)
    # Nothing has moved for an order that was never reserved.
    moved = await stock.movements(db, [facts.order_id for facts in known if StockReserved in facts])
    works = [decisions.Work(facts, moved.get(facts.order_id, ())) for facts in known]
    skus = decisions.touched(works)
    if skus:
        levels = await stock.lock_stock(db, skus)
        unbooked = await stock.unbooked(db)
        settlement = decisions.settle(works, levels, context.now, unbooked)
        await stock.save(db, settlement.movements, settlement.levels, context.now)
        still = {order: claim for order, claim in settlement.unbooked.items() if unbooked.get(order) != claim}
        await stock.save_unbooked(db, settlement.booked, still)
        outputs.extend([*settlement.published, *settlement.timers])
    return outputs


async def restored(db: DB, events: Sequence[Event]) -> None:
    """Notes the reservations that this database had forgotten, so that nobody else gets their goods."""
    await stock.note_unbooked(db, [event.order_id for event in events if isinstance(event, StockReserved)])


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """The lists of work: orders by their stage, parcels by what is known of them."""
    await stock.save_board(db, [facts for facts in orders if len(facts)])


SUBSCRIPTIONS: tuple[type[Event], ...] = (
    OrderPlaced,  # the lines to reserve
    OrderScreened,  # reserve
    OrderRefused,  # nothing to do any more
    CancelRequested,  # withdraw, or say that it is too late
    ParcelRefused,  # likewise
    LabelRefused,  # likewise
    LabelCreated,  # all of them: the order's parcels may be handed over
    ParcelScanned,  # proof of hand-over
    ParcelReturned,  # shown as on its way back
    OrderClosed,  # let go of what is still held
)
