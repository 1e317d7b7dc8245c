"""From facts to movements of stock, events and the work lists."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.base import Event
from contracts.carrier import (
    BordereauCreated,
    LabelCreated,
    LabelRefused,
    ParcelDestroyed,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.cases import CaseClosed
from contracts.customs import OrderRefused, OrderScreened, ParcelRefused
from contracts.makers import (
    InFlightDecided,
    ProductApproved,
    ProductChanged,
    ProductWithdrawn,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from contracts.orders import (
    CancelRequested,
    ChangeRequested,
    HoldReleased,
    HoldRequested,
    OrderClosed,
    OrderPlaced,
)
from contracts.warehouse import ManifestClosed, OrderRecalled, ParcelRepacked, StockReserved
from services.warehouse.domain import expected_returns
from services.warehouse.domain.allocation import allocate, skus_to_lock
from services.warehouse.domain.catalogue import product_of, recalled, recalls, vendor_of
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.movements import OrderStock, returns_written_off
from services.warehouse.domain.orders import order_row, parcel_rows
from services.warehouse.store import catalogue, manifests, stock, stock_levels, work_lists
from services.warehouse.store import expected_returns as expected_returns_table
from shared.db import DB
from shared.ledger.facts import DecisionContext, Facts, Output, Timer
from shared.telemetry import log


async def handle(db: DB, orders: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    """Decides on the sets. Stock rows are locked after the orders, in the order of their SKUs, and only when goods
    may move; each movement and its effect on the stock are written here, in the transaction of its facts."""
    outputs: list[Output] = []
    decided: list[Facts] = []
    for facts in orders:
        events = decide(facts, context)
        outputs.extend(events)
        decided.append(Facts(facts.stream, [*facts, *events]) if events else facts)
        outputs.extend(expected_returns.outputs(decided[-1], context))
    # Nothing has moved for an order that was never reserved.
    movements = await stock.movements_of_orders(db, [facts.id for facts in decided if StockReserved in facts])
    order_stocks = [OrderStock(facts, movements.get(facts.id, ())) for facts in decided]
    skus = skus_to_lock(order_stocks)
    if skus:
        levels = await stock.lock_stock(db, skus)
        pending_restore = await stock.pending_restore(db)
        changes = allocate(order_stocks, levels, context.now, pending_restore)
        await stock.save_movements(db, changes.movements, changes.levels, context.now)
        new_claims = {
            order_id: claim
            for order_id, claim in changes.pending_restore.items()
            if pending_restore.get(order_id) != claim
        }
        await stock.update_pending_restore(db, changes.restored, new_claims)
        outputs.extend([*changes.published, *changes.timers, *returns_written_off(changes.movements, context.now)])
    return outputs


async def on_restored(db: DB, events: Sequence[Event]) -> None:
    """Keeps the reservations that this database had lost, so that nobody else gets their goods. Levels are told again:
    what was told since the backup stands on their topic."""
    await stock.add_pending_restore(db, [event.order_id for event in events if isinstance(event, StockReserved)])
    await stock_levels.forget_told(db)


async def project(db: DB, orders: Sequence[Facts]) -> None:
    """Brings the work lists up to date."""
    known = [facts for facts in orders if len(facts)]
    await work_lists.save_orders(db, [order_row(facts) for facts in known])
    await work_lists.save_parcels(db, [row for facts in known for row in parcel_rows(facts)])
    repacked = [event for facts in known for event in facts.all(ParcelRepacked)]
    await expected_returns_table.replace(
        db,
        {
            facts.id: expected_returns.expected_returns(facts)
            for facts in known
            if expected_returns.was_announced(facts)
        },
    )
    await catalogue.save_recalled(db, [facts.id for facts in known if OrderRecalled in facts])
    await work_lists.drop_parcels(db, [(event.order_id, event.parcel) for event in repacked])


async def decide_nothing(_db: DB, _sets: Sequence[Facts], _context: DecisionContext) -> Sequence[Output]:
    """Nothing follows from these facts alone: of a closed manifest the parcels are handed over in its own transaction,
    as goods are booked in that of their receipt."""
    return ()


RECALLED_AT_ONCE = 500
"""Orders that one transaction recalls."""


async def handle_vendors(db: DB, vendors: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    """Recalls the orders in flight of a suspended vendor when a person has chosen so, a page at a time: its timer goes
    on where there may be more."""
    recalled_now: list[Output] = []
    timers: list[Output] = []
    for facts in vendors:
        for recall in recalls(facts):
            left = RECALLED_AT_ONCE - len(recalled_now)
            order_ids = await catalogue.orders_in_flight(db, facts.id, recall.until, left)
            recalled_now += [recalled(facts.id, recall, order_id, context.now) for order_id in order_ids]
            if len(order_ids) == left:
                timers.append(Timer(facts.stream, context.now))
    return [*recalled_now, *timers]


async def project_vendors(db: DB, vendors: Sequence[Facts]) -> None:
    """Blocks the stock of those that may not sell, and frees that of the others."""
    await catalogue.save_vendors(db, [vendor_of(facts) for facts in vendors])


async def project_products(db: DB, sets: Sequence[Facts]) -> None:
    """Keeps the products as they are now. A SKU that stands under another owner here stays so."""
    products = [product for facts in sets if (product := product_of(facts)) is not None]
    if foreign := await catalogue.save_products(db, products):
        log.error("products of another owner than their stock", skus=foreign)


async def project_manifests(db: DB, sets: Sequence[Facts]) -> None:
    """Closes those whose fact is known."""
    await manifests.save_closed(db, [closed for facts in sets for closed in facts.all(ManifestClosed)])


SUBSCRIPTIONS: tuple[type[Event], ...] = (
    OrderPlaced,  # the lines to reserve
    OrderScreened,  # reserve
    OrderRefused,  # nothing to do any more
    CancelRequested,  # withdraw, or answer that it is too late
    HoldRequested,  # not to be packed, or answer that it is too late
    HoldReleased,  # to be packed again
    ChangeRequested,  # goes to another contact, or answer that it is too late
    ParcelRefused,  # withdraw, or answer that it is too late
    LabelRefused,  # likewise
    LabelCreated,  # all of them: the order's parcels may be handed over
    ParcelScanned,  # proof of hand-over; on its way back
    ParcelReturned,  # expected to be booked in
    ParcelLost,  # does not come back
    ParcelDestroyed,  # does not come back
    CaseClosed,  # a person has found where a parcel is that did not come back
    OrderClosed,  # release what is still held
    BordereauCreated,  # shown beside the manifest
    VendorVerified,  # a vendor's code
    VendorSuspended,  # block its stock; what is in flight waits for a choice
    VendorRestored,  # free its stock
    InFlightDecided,  # recall what is in flight, or let it go on
    ProductApproved,  # may be received and sold
    ProductChanged,  # another version
    ProductWithdrawn,  # block its stock
)
