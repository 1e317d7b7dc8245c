"""What people do, under the order's lock: checked against the facts, then said. Problem when a rule forbids it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from contracts.base import Parcel
from contracts.carrier import LabelCreated
from contracts.orders import OrderClosed, OrderPlaced
from contracts.warehouse import (
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    StockReserved,
)
from services.warehouse.domain import decisions, packing
from services.warehouse.domain.limits import limits_on
from services.warehouse.store import goods, stock
from shared.db import DB
from shared.http.problems import FieldError, Problem
from shared.ledger.facts import Facts
from shared.platform import Platform

CARRIER = "laposte"


async def pack(platform: Platform, db: DB, order_id: UUID, boxes: Sequence[packing.Box]) -> OrderPacked:
    """Closes the order's boxes. 404 unknown, 409 not to be packed (now or any more) or packed otherwise, 422 a rule of
    `packing.faults`."""
    facts = await _locked(platform, db, order_id)
    if (already := facts.get(OrderPacked)) is not None:
        if not packing.same_boxes(packing.as_boxes(already.parcels), boxes):
            raise Problem(409, "the order is packed already, otherwise")
        return already
    _on_the_line(facts)
    now = platform.clock.now()
    lines = [line for placed in facts.all(OrderPlaced) for line in placed.lines]
    known = await goods.products(db, sorted({line.sku for line in lines}))
    net_weights = {sku: product.net_weight_g for sku, product in known.items()}
    _refuse(packing.faults(boxes, lines, net_weights, limits_on(CARRIER, now.date())))
    packed = OrderPacked(order_id=order_id, occurred_at=now, parcels=packing.parcels(boxes, net_weights))
    await platform.ledger.publish(db, [packed])
    return packed


async def report_shortage(
    platform: Platform, db: DB, order_id: UUID, sku: str, quantity: int, reason: Literal["short_pick", "damaged"]
) -> tuple[bool, str]:
    """Writes bad units off. Whether others replaced them, and where the order stands now. After the first hand-over
    there is no way back: without a replacement nothing changes and the answer is 409."""
    facts = await _locked(platform, db, order_id)
    _on_the_line(facts)
    moved = (await stock.movements(db, [order_id])).get(order_id, [])
    work = decisions.Work(facts, moved)
    held = work.held()
    if quantity > held.get(sku, 0):
        message = f"the order holds {held.get(sku, 0)} of this SKU"
        raise Problem(422, "invalid shortage", errors=[FieldError("quantity", "held_by_order", message)])
    now = platform.clock.now()
    levels = await stock.lock_stock(db, held)  # all: a withdrawal lets go of every one of them
    movements, short = decisions.shortage(work, sku, quantity, reason, levels[sku], now)
    if short and ParcelHandedOver in facts:
        raise Problem(
            409,
            "no other unit is available, and the order cannot be withdrawn any more",
            detail="receive goods, then report the shortage again",
        )
    for movement in movements:
        levels[sku] = levels[sku].after(movement)
    await stock.save(db, movements, levels, now)
    if short:
        facts = (await platform.ledger.publish(db, [short]))[order_id]
    return short is None, decisions.stage(facts)[0]


async def hand_over(platform: Platform, db: DB, order_id: UUID, number: int, scanned: str) -> ParcelHandedOver:
    """Gives a parcel to the carrier. 404 no such parcel, 409 withdrawn, closed or labels missing, 422 when the label on
    the box is not the parcel's."""
    facts = await _locked(platform, db, order_id)
    _parcel(facts, number)
    if (already := facts.get(ParcelHandedOver, number)) is not None:
        if already.tracking_number != scanned:
            raise Problem(409, "the parcel was handed over under another tracking number")
        return already
    _on_the_line(facts)
    missing = [parcel for parcel in decisions.packed_parcels(facts) if facts.get(LabelCreated, parcel) is None]
    if missing:
        names = ", ".join(str(parcel) for parcel in missing)
        raise Problem(409, "labels are missing", detail=f"no parcel leaves before all have theirs; missing: {names}")
    label = facts.get(LabelCreated, number)
    if label is None or label.tracking_number != scanned:
        message = "the scanned label is not this parcel's"
        raise Problem(422, "wrong label", errors=[FieldError("tracking_number", "label_of_parcel", message)])
    handed = ParcelHandedOver(
        order_id=order_id, occurred_at=platform.clock.now(), parcel=number, tracking_number=scanned
    )
    await platform.ledger.publish(db, [handed])
    return handed


async def book_return(
    platform: Platform,
    db: DB,
    order_id: UUID,
    number: int,
    sound: Sequence[packing.Counted],
    damaged: Sequence[packing.Counted],
) -> ParcelReceivedBack:
    """Books in a parcel that is back, whether or not the carrier has said so. 404 no such parcel, 409 never handed over
    or booked otherwise, 422 when the units do not add up to the parcel's."""
    facts = await _locked(platform, db, order_id)
    parcel = _parcel(facts, number)
    if facts.get(ParcelHandedOver, number) is None:
        raise Problem(409, "the parcel was not handed over")
    _refuse(packing.return_faults(parcel, sound, damaged))
    good, bad = packing.sorted_out(parcel, sound, damaged)
    if (already := facts.get(ParcelReceivedBack, number)) is not None:
        if (already.sound, already.written_off) != (good, bad):
            raise Problem(409, "the parcel is booked in already, otherwise")
        return already
    back = ParcelReceivedBack(
        order_id=order_id, occurred_at=platform.clock.now(), parcel=number, sound=good, written_off=bad
    )
    await platform.ledger.publish(db, [back])
    return back


async def _locked(platform: Platform, db: DB, order_id: UUID) -> Facts:
    facts = (await platform.ledger.lock(db, [order_id]))[order_id]
    if not len(facts):
        raise Problem(404, "no such order here")
    return facts


def _on_the_line(facts: Facts) -> None:
    """409 unless goods are set aside for the order and it is neither withdrawn nor closed."""
    if OrderWithdrawn in facts:
        raise Problem(409, "the order is withdrawn")
    if OrderClosed in facts:
        raise Problem(409, "the order is closed")
    if StockReserved not in facts:
        raise Problem(409, "nothing is reserved for the order")


def _parcel(facts: Facts, number: int) -> Parcel:
    parcel = decisions.packed_parcels(facts).get(number)
    if parcel is None:
        raise Problem(404, "no such parcel")
    return parcel


def _refuse(faults: Sequence[packing.Fault]) -> None:
    if faults:
        errors = [FieldError(fault.field, fault.rule, fault.message) for fault in faults]
        raise Problem(422, "a rule is broken", errors=errors)
