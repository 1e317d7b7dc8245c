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
    VendorKeyEnded,
    VendorKeyMade,
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
from contracts.provenance import UnitCleared, UnitFlagged
from contracts.warehouse import (
    ManifestClosed,
    OrderRecalled,
    ParcelRepacked,
    StockReserved,
    UnitsPacked,
    UnitsReceived,
)
from services.warehouse.domain import expected_returns
from services.warehouse.domain.allocation import allocate, skus_to_lock
from services.warehouse.domain.catalogue import product_of, recalled, recalls, vendor_of
from services.warehouse.domain.decisions import decide
from services.warehouse.domain.flags import (
    FlagCase,
    cleared_turns,
    closed_case,
    flagged_case,
    look_again,
    open_flag,
    unit_of,
)
from services.warehouse.domain.lots import lots_of_order, lots_of_receipt, lots_of_write_off
from services.warehouse.domain.movements import OrderStock, returns_written_off
from services.warehouse.domain.orders import order_row, parcel_rows
from services.warehouse.domain.units import places_of_order, places_of_write_off, reference_of
from services.warehouse.store import catalogue, flag_cases, lots, manifests, stock, stock_levels, units, work_lists
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


async def on_restored(db: DB, events: Sequence[Event], *, company_prefix: str) -> None:
    """Stores the reservations that this database lacked, so that no other order gets their goods, and makes sure that
    no SSCC is given twice. Stock levels are published again, above those published since the backup. Units follow when
    their streams are decided again."""
    await stock.add_pending_restore(db, [event.order_id for event in events if isinstance(event, StockReserved)])
    await stock_levels.forget_published(db)
    given = [reference_of(company_prefix, event.sscc) for event in events if isinstance(event, UnitsPacked)]
    if references := [reference for reference in given if reference is not None]:
        await units.pass_reference(db, max(references))


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
    with_units = [facts for facts in known if UnitsPacked in facts]
    if places := [place for facts in with_units for place in places_of_order(facts)]:
        await units.move(db, places)
    if counts := [(facts.id, lot) for facts in with_units for lot in lots_of_order(facts)]:
        await lots.put(db, counts)


async def project_receipts(db: DB, receipts: Sequence[Facts]) -> None:
    """Units that came in with their serials are in stock, and those of lots: rows of units are locked before lots."""
    if received := [event for facts in receipts for event in facts.all(UnitsReceived)]:
        await units.add_received(db, received)
    if counts := [(facts.id, lot) for facts in receipts for lot in lots_of_receipt(facts)]:
        await lots.put(db, counts)


async def project_write_offs(db: DB, write_offs: Sequence[Facts]) -> None:
    if places := [place for facts in write_offs for place in places_of_write_off(facts)]:
        await units.move(db, places)
    if counts := [(facts.id, lot) for facts in write_offs for lot in lots_of_write_off(facts)]:
        await lots.put(db, counts)


async def handle_units(db: DB, sets: Sequence[Facts], context: DecisionContext) -> Sequence[Output]:
    """A unit that is flagged while it lies in a box is a case of its order: it may still be taken out. The case closes
    with the flag. A packing that is under way has locked the unit, and is seen when the unit is decided again."""
    flags = {key: flag for facts in sets if (key := unit_of(facts)) and (flag := open_flag(facts))}
    known = await units.find(db, flags)
    outputs: list[Output] = []
    opened: list[FlagCase] = []
    for key, flag in flags.items():
        if (timer := look_again(flag, context.now)) is not None:
            outputs.append(timer)
        if key in known and (case := flagged_case(known[key], flag, context.now)) is not None:
            outputs.append(case)
            opened.append(FlagCase(flag.stream_id, flag.turn, case.order_id))
    await flag_cases.keep(db, opened)
    cleared = {facts.id: turns for facts in sets if (turns := cleared_turns(facts))}
    settled = await flag_cases.take(db, cleared)
    outputs += [closed_case(case, cleared[case.unit_id][case.turn], context.now) for case in settled]
    return outputs


async def project_units(db: DB, sets: Sequence[Facts]) -> None:
    """A flagged unit is not packed. One whose receipt is booked just now is marked when its stream is decided again."""
    await units.flag(
        db, {key: flag.reason if (flag := open_flag(facts)) else None for facts in sets if (key := unit_of(facts))}
    )


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
    """Stores the products as they are now. A SKU that has another owner here keeps it."""
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
    UnitFlagged,  # not packed; a case when it lies in a box
    UnitCleared,  # may be packed again; its cases are closed
    VendorKeyMade,  # lets a vendor in, to its own things
    VendorKeyEnded,  # and no longer
)
