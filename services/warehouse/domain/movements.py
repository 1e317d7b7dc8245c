"""Which movements of stock follow from an order's facts and have not happened yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.orders import OrderClosed
from contracts.warehouse import OrderWithdrawn, ParcelHandedOver, ParcelReceivedBack, StockReserved, StockWrittenOff
from services.warehouse.domain.orders import packed_parcels, parcel_units, sum_by_sku
from services.warehouse.domain.stock import Movement, units_in
from shared.ledger.facts import Facts


@dataclass(frozen=True, slots=True)
class OrderStock:
    """An order as the warehouse sees it: what is known, and which goods have moved for it."""

    facts: Facts
    movements: Sequence[Movement] = ()

    def held(self) -> dict[str, int]:
        """The units reserved for the order, by SKU."""
        return units_in(self.movements, "reserved")

    def pending_restore(self) -> bool:
        """Whether its reservation was published and has moved nothing: our database was restored from an older backup,
        and got the fact back from our own topic."""
        return StockReserved in self.facts and not any(movement.kind == "reserved" for movement in self.movements)


def due_movements(order: OrderStock) -> list[Movement]:
    """Shipped with its parcel, released when the order is withdrawn or closed, booked in when the parcel came back."""
    outgoing = outgoing_movements(order)
    return [*outgoing, *returned_movements(order.facts, [*order.movements, *outgoing])]


def outgoing_movements(order: OrderStock) -> list[Movement]:
    """What left with parcels, and what is released of the rest."""
    held = Counter(order.held())
    if not held and ParcelHandedOver not in order.facts:
        return []
    return [*_shipped(order, held), *_released(order, held)]


def _shipped(order: OrderStock, held: Counter[str]) -> Iterator[Movement]:
    """Takes what ships out of `held`."""
    order_id = order.facts.id
    parcels = packed_parcels(order.facts)
    shipped = {
        movement.subject for movement in order.movements if movement.kind in ("shipped", "shipped_after_release")
    }
    for handed_over in order.facts.all(ParcelHandedOver):
        subject = handed_over.subject
        if subject in shipped or handed_over.parcel not in parcels:
            continue
        for sku, units in sorted(parcel_units(parcels[handed_over.parcel]).items()):
            from_held = min(units, held[sku])
            held[sku] -= from_held
            if from_held:
                yield Movement(sku, "shipped", from_held, order_id=order_id, subject=subject)
            if units > from_held:
                yield Movement(sku, "shipped_after_release", units - from_held, order_id=order_id, subject=subject)


def _released(order: OrderStock, held: Counter[str]) -> Iterator[Movement]:
    if OrderWithdrawn in order.facts or OrderClosed in order.facts:
        for sku, units in sorted(held.items()):
            if units:
                yield Movement(sku, "released", units, order_id=order.facts.id)


def returned_movements(facts: Facts, movements: Sequence[Movement]) -> Iterator[Movement]:
    """What came back with parcels, after these movements. Never more than left with the parcel by our records, which
    may be less than was in it (see `allocation`); the rest, if a count finds any, is a goods receipt."""
    booked = {movement.subject for movement in movements if movement.kind in ("returned_sound", "returned_damaged")}
    for received_back in facts.all(ParcelReceivedBack):
        subject = received_back.subject
        if subject in booked:
            continue
        shipped = Counter(units_in((movement for movement in movements if movement.subject == subject), "shipped"))
        sound = sum_by_sku((content.sku, content.quantity) for content in received_back.sound)
        damaged = sum_by_sku((content.sku, content.quantity) for content in received_back.written_off)
        for sku in sorted({*sound, *damaged}):
            sound_units = min(sound.get(sku, 0), shipped[sku])
            damaged_units = min(damaged.get(sku, 0), shipped[sku] - sound_units)
            if sound_units:
                yield Movement(sku, "returned_sound", sound_units, order_id=facts.id, subject=subject)
            if damaged_units:
                yield Movement(sku, "returned_damaged", damaged_units, order_id=facts.id, subject=subject)


def returns_written_off(movements: Iterable[Movement], now: datetime) -> Iterator[StockWrittenOff]:
    """The units of these movements that came back and are no stock any more. A shortage is published where it is
    reported, since its movement has no reason."""
    for movement in movements:
        if movement.kind == "returned_damaged" and movement.order_id is not None:
            yield StockWrittenOff(
                order_id=movement.order_id,
                occurred_at=now,
                sku=movement.sku,
                quantity=movement.quantity,
                reason="returned",
                number=int(movement.subject),
            )
