"""What people do with an order, checked against its facts: pack, repack, report a shortage, hand over, book a return
in.

Each rule returns the fact that follows, the first one when the same was reported before, and raises Refusal otherwise:
`unknown` for what does not exist, `conflict` when the order's state forbids it or something else was reported before,
`invalid` with every fault of what was reported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal

from contracts.base import Event, Parcel
from contracts.carrier import LabelCreated
from contracts.carriers import BY_NAME, ParcelLimits, route_to
from contracts.customs import OrderScreened
from contracts.orders import OrderClosed, OrderPlaced
from contracts.warehouse import (
    OrderPacked,
    OrderWithdrawn,
    PackedLot,
    ParcelHandedOver,
    ParcelReceivedBack,
    ParcelRepacked,
    StockReserved,
    StockShort,
    StockWrittenOff,
    UnitKey,
    UnitsPacked,
    UnitsReturned,
)
from services.refusals.refusal import Refusal, refused
from services.warehouse.domain.lots import EMPTY, Shelf, packing_lot_faults, short_lots, states_other_lots
from services.warehouse.domain.movements import OrderStock
from services.warehouse.domain.orders import hold_text, open_holds, order_lines, packed_parcels
from services.warehouse.domain.packing import Box, box_faults, boxes_of, pack_boxes, packing_faults, same_boxes
from services.warehouse.domain.returns import return_faults, split_contents
from services.warehouse.domain.stock import LotQuantity, Movement, SkuLot, SkuQuantity, StockLevels
from services.warehouse.domain.units import Unit, returned_units, scan_faults, shortage_faults
from shared.faults import Fault
from shared.ledger.facts import Facts

ShortageReason = Literal["short_pick", "damaged"]
ONE_PARCEL = (
    "customs takes this order in one parcel: pack one box; if it does not fit, send split: true, and its marketplace "
    "is asked to split the payment by the parcels"
)
LAST_PARCEL = 99
"""The highest number that a parcel of an order may have."""


def pack(
    facts: Facts,
    boxes: Sequence[Box],
    net_weights: Mapping[str, int],
    now: datetime,
    *,
    owners: Mapping[str, str] | None = None,
    split: bool = False,
    waiting_skus: Sequence[str] = (),
    serialised: Collection[str] = (),
    units: Mapping[UnitKey, Unit] | None = None,
    by_lot: Collection[str] = (),
    shelf: Shelf = EMPTY,
) -> OrderPacked:
    """Closes the order's boxes. `net_weights` are grams of one unit by SKU; `owners`, by SKU, whose goods they are.

    `split`: several boxes, though customs takes the order in one parcel; its marketplace is asked to split its payment.
    `waiting_skus`: those whose vendor is suspended while a person still has to decide about its orders in flight.
    `serialised`: those whose units have serials; `units`: of the scanned ones those that are known. `by_lot`: those
    whose units are told apart by lot; `shelf`: their lots.
    """
    _require_known(facts)
    if (packed := facts.get(OrderPacked)) is not None:
        units_packed = {event.parcel: event.units for event in facts.all(UnitsPacked)}
        if not same_boxes(boxes_of(packed.parcels, units_packed), boxes):
            raise Refusal("conflict", "the order is packed already, otherwise")
        lots = {event.parcel: event.lots for event in facts.all(UnitsPacked)}
        if any(states_other_lots(box, lots.get(parcel, ())) for parcel, box in enumerate(boxes, start=1)):
            raise Refusal("conflict", "the order is packed already, with other lots")
        return packed
    _require_reserved(facts)
    _require_not_held(facts)
    if waiting_skus:
        detail = f"a person is to choose whether orders with {', '.join(waiting_skus)} go on or are withdrawn"
        raise Refusal("conflict", "a vendor of the order is suspended", detail=detail)
    faults = packing_faults(boxes, order_lines(facts), net_weights, _limits(facts, now))
    faults += scan_faults(boxes, serialised, units or {})
    faults += packing_lot_faults(boxes, by_lot, shelf)
    screened = facts.get(OrderScreened)
    if screened is not None and screened.one_parcel and len(boxes) > 1 and not split:
        faults.append(Fault("parcels", "one_parcel", ONE_PARCEL))
    _require_no_faults(faults)
    return OrderPacked(order_id=facts.id, occurred_at=now, parcels=pack_boxes(boxes, net_weights, owners or {}))


@dataclass(frozen=True, slots=True)
class Measures:
    """Of a closed box: its weight on the scale in grams, its sides in millimetres."""

    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


def repack(facts: Facts, number: int, measures: Measures, now: datetime) -> ParcelRepacked:
    """Gives a box up before its hand-over; all its contents are in another box, which takes the next number of the
    order. One box replaces one: the shares of the other parcels, and what was declared of them, stay the same to the
    cent."""
    _require_known(facts)
    if (repacked := facts.get(ParcelRepacked, number)) is not None:
        if _measures(repacked.box) != measures:
            raise Refusal("conflict", "the parcel was repacked already, otherwise")
        return repacked
    parcel = _require_parcel(facts, number)
    if facts.get(ParcelHandedOver, number) is not None:
        raise Refusal("conflict", "the parcel was handed over")
    if ParcelHandedOver in facts:
        # A refusal of the new box by customs or carrier withdraws the order, which is too late by then.
        raise Refusal("conflict", "a parcel of the order was handed over")
    _require_reserved(facts)
    following = max([*packed_parcels(facts), *(event.box.parcel for event in facts.all(ParcelRepacked))]) + 1
    if following > LAST_PARCEL:
        raise Refusal("conflict", "the order has too many parcels", detail=f"numbers end with {LAST_PARCEL}")
    box = replace(boxes_of([parcel], {})[0], **asdict(measures))
    net_weights = {content.sku: content.net_weight_g // content.quantity for content in parcel.contents}
    faults = box_faults("body", box, net_weights, _limits(facts, now))
    _require_no_faults([replace(fault, field=fault.field.removeprefix("body.")) for fault in faults])
    new = parcel.model_copy(update={"parcel": following, **asdict(measures)})
    return ParcelRepacked(order_id=facts.id, occurred_at=now, parcel=number, box=new)


def _measures(parcel: Parcel) -> Measures:
    return Measures(parcel.weight_g, parcel.length_mm, parcel.width_mm, parcel.height_mm)


def _limits(facts: Facts, now: datetime) -> ParcelLimits:
    """The limits of the carrier that takes the order."""
    placed = facts.get(OrderPlaced)
    route = route_to(placed.country, placed.carrier) if placed is not None else None
    if route is None:
        raise Refusal("conflict", "no carrier goes to the order's country")
    return BY_NAME[route.carrier].limits_on(now.date())


@dataclass(frozen=True, slots=True)
class ReportedShortage:
    """What a reported shortage does to the stock."""

    movements: list[Movement]
    written_off: StockWrittenOff
    short: StockShort | None = None
    """The order is short: no other units replaced the bad ones."""

    @property
    def published(self) -> list[Event]:
        return [self.written_off, *([self.short] if self.short else [])]


def report_shortage(
    order: OrderStock,
    sku: str,
    quantity: int,
    reason: ShortageReason,
    levels: Mapping[str, StockLevels],
    now: datetime,
    named: Sequence[UnitKey] = (),
    units: Mapping[UnitKey, Unit] | None = None,
    stated_lots: Sequence[LotQuantity] = (),
    shelf: Shelf = EMPTY,
) -> ReportedShortage:
    """Units reserved for the order are missing or damaged: they are written off. Others replace them if enough are
    available; else the order is short. After the first hand-over an order cannot be withdrawn any more: without a
    replacement nothing changes. `levels` hold the SKUs that the order holds; `named` are bad units with serials,
    `units` those of them that are known; `stated_lots` the lots of the bad ones, as far as stated; `shelf` the lots of
    the SKU."""
    _require_known(order.facts)
    _require_reserved(order.facts)
    held = order.held().get(sku, 0)
    if quantity > held:
        fault = Fault("quantity", "held_by_order", f"the order holds {held} of this SKU")
        raise Refusal("invalid", "invalid shortage", faults=[fault])
    lots, lot_faults = short_lots(sku, quantity, stated_lots, shelf)
    _require_no_faults([*shortage_faults(sku, quantity, named, units or {}), *lot_faults])
    order_id, available = order.facts.id, levels[sku].free
    earlier = sum(1 for movement in order.movements if movement.kind == "written_off" and movement.sku == sku)
    subject = str(earlier + 1)
    written_off = Movement(sku, "written_off", quantity, order_id=order_id, subject=subject)
    write_off = StockWrittenOff(
        order_id=order_id,
        occurred_at=now,
        sku=sku,
        quantity=quantity,
        reason=reason,
        number=earlier + 1,
        units=tuple(named),
        lots=lots,
    )
    if available >= quantity:
        replaced = Movement(sku, "replaced", quantity, order_id=order_id, subject=subject)
        return ReportedShortage([written_off, replaced], write_off)
    if ParcelHandedOver in order.facts:
        raise Refusal(
            "conflict",
            "no other unit is available, and the order cannot be withdrawn any more",
            detail="receive goods, then report the shortage again",
        )
    short = StockShort(order_id=order_id, occurred_at=now, sku=sku, missing=quantity - available, reason=reason)
    return ReportedShortage([written_off], write_off, short)


def hand_over(facts: Facts, number: int, scanned: str, now: datetime) -> ParcelHandedOver:
    """Gives a parcel to the carrier, once all labels of its order are there. `scanned` is the tracking number of the
    label on the box, which must be this parcel's."""
    _require_parcel(facts, number)
    if (handed_over := facts.get(ParcelHandedOver, number)) is not None:
        if handed_over.tracking_number != scanned:
            raise Refusal("conflict", "the parcel was handed over under another tracking number")
        return handed_over
    _require_reserved(facts)
    labels = {parcel: facts.get(LabelCreated, parcel) for parcel in packed_parcels(facts)}
    missing = [str(parcel) for parcel, label in labels.items() if label is None]
    if missing:
        detail = f"no parcel leaves before all have theirs; missing: {', '.join(missing)}"
        raise Refusal("conflict", "labels are missing", detail=detail)
    label = labels[number]
    if label is None or label.tracking_number != scanned:
        fault = Fault("tracking_number", "label_of_parcel", "the scanned label is not this parcel's")
        raise Refusal("invalid", "wrong label", faults=[fault])
    return ParcelHandedOver(
        order_id=facts.id, occurred_at=now, parcel=number, carrier=label.carrier, tracking_number=scanned
    )


@dataclass(frozen=True, slots=True)
class BookedReturn:
    """A parcel that is booked in."""

    received_back: ParcelReceivedBack
    units: UnitsReturned | None = None
    """Set for a parcel whose units with serials, or lots, were published."""

    @property
    def published(self) -> list[Event]:
        return [self.received_back, *([self.units] if self.units else [])]


def book_return(
    facts: Facts,
    number: int,
    sound: Sequence[SkuQuantity],
    damaged: Sequence[SkuQuantity],
    now: datetime,
    damaged_units: Sequence[UnitKey] = (),
    units: Mapping[UnitKey, Unit] | None = None,
    damaged_lots: Sequence[SkuLot] = (),
) -> BookedReturn:
    """Books in a parcel that is back, whether or not the carrier has published that. `damaged_units` are those of the
    damaged ones that have serials, `units` all that lay in the parcel; `damaged_lots` of which lots the others are."""
    parcel = _require_parcel(facts, number)
    if facts.get(ParcelHandedOver, number) is None:
        raise Refusal("conflict", "the parcel was not handed over")
    _require_no_faults(return_faults(parcel, sound, damaged))
    sound_contents, written_off = split_contents(parcel, sound)
    packed, unpacked = facts.get(UnitsPacked, number), None
    if packed is not None:
        unpacked = returned_units(packed, parcel, damaged, damaged_units, units or {}, damaged_lots, now)
    elif damaged_units:
        raise refused("damaged_units[0]", "unit_of_parcel", "no units with serials were in the parcel")
    elif damaged_lots:
        raise refused("damaged_lots[0]", "lot_of_parcel", "of the parcel no lots were told")
    if (received_back := facts.get(ParcelReceivedBack, number)) is not None:
        if (received_back.sound, received_back.written_off) != (sound_contents, written_off):
            raise Refusal("conflict", "the parcel is booked in already, otherwise")
        booked = facts.get(UnitsReturned, number)
        if booked is not None and unpacked is not None and _written_off(booked) != _written_off(unpacked):
            raise Refusal("conflict", "the parcel is booked in already, with other units")
        return BookedReturn(received_back, booked)
    received_back = ParcelReceivedBack(
        order_id=facts.id, occurred_at=now, parcel=number, sound=sound_contents, written_off=written_off
    )
    return BookedReturn(received_back, unpacked)


def _written_off(returned: UnitsReturned) -> set[UnitKey | PackedLot]:
    return {*returned.written_off, *returned.written_off_lots}


def _require_known(facts: Facts) -> None:
    if not len(facts):
        raise Refusal("unknown", "no such order here")


def _require_parcel(facts: Facts, number: int) -> Parcel:
    _require_known(facts)
    parcel = packed_parcels(facts).get(number)
    if parcel is None:
        raise Refusal("unknown", "no such parcel")
    return parcel


def _require_reserved(facts: Facts) -> None:
    """Goods are reserved for the order, and it is neither withdrawn nor closed."""
    if OrderWithdrawn in facts:
        raise Refusal("conflict", "the order is withdrawn")
    if OrderClosed in facts:
        raise Refusal("conflict", "the order is closed")
    if StockReserved not in facts:
        raise Refusal("conflict", "nothing is reserved for the order")


def _require_not_held(facts: Facts) -> None:
    if holds := open_holds(facts):
        detail = "; ".join(hold_text(facts, held) for held in holds)
        raise Refusal("conflict", "the order is on hold", detail=detail)


def _require_no_faults(faults: Sequence[Fault]) -> None:
    if faults:
        raise Refusal("invalid", "a rule is broken", faults=faults)
