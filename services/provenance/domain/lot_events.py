"""What happened to goods that only their lot distinguishes, as events of quantities (EPCIS 2.0: QuantityElement, which
names a class). The single units are not known.

An event is of one lot, so that whoever may read it reads of no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from contracts.warehouse import GoodsReceived, PackedLot, StockWrittenOff, UnitsPacked, UnitsReturned
from services.provenance.domain.epcis import Fields, Place, named_event
from services.provenance.domain.log_events import LogEvent, LotKey
from shared.ledger.facts import Facts


class LotStep(NamedTuple):
    """What can happen to units of a lot, in words of CBV."""

    step: str
    disposition: str
    action: str


RECEIVED = LotStep("receiving", "in_progress", "OBSERVE")
"""The lot is its maker's: that it began here, we do not say."""
PACKED = LotStep("packing", "in_progress", "ADD")
UNPACKED = LotStep("unpacking", "in_progress", "DELETE")
RECEIVED_BACK = LotStep("receiving", "returned", "OBSERVE")
WRITTEN_OFF = LotStep("decommissioning", "inactive", "DELETE")
SHOWN = {"received": RECEIVED, "packed": PACKED, "received_back": RECEIVED_BACK, "written_off": WRITTEN_OFF}
"""The steps that anyone may see, by name, and of each only its first date: further dates or quantities would show
volumes of sales."""


def of_receipt(fact: GoodsReceived, place: Place) -> Iterator[LogEvent]:
    """Units of each lot came in."""
    lots = ((line.gtin, line.lot, line.quantity) for line in fact.lines)
    for lot, quantity in _counted((gtin, lot, units) for gtin, lot, units in lots if gtin and lot):
        yield _event(place, fact.id, fact.occurred_at, lot, quantity, RECEIVED)


def of_write_off(fact: StockWrittenOff, place: Place) -> Iterator[LogEvent]:
    """Units exist no more. Units written off in a return are left out: their units-returned names them."""
    if fact.reason != "returned":
        for lot, quantity in _lots(fact.lots):
            yield _event(place, fact.id, fact.occurred_at, lot, quantity, WRITTEN_OFF)


def of_order(facts: Facts, place: Place) -> Iterator[LogEvent]:
    """Units of lots went into boxes of an order, and came out of them. The boxes have events of their own
    (`log_events.of_order`)."""
    for packed in facts.all(UnitsPacked):
        for lot, quantity in _lots(packed.lots):
            yield _event(place, packed.id, packed.occurred_at, lot, quantity, PACKED, packed.sscc)
    for returned in facts.all(UnitsReturned):
        yield from _of_return(returned, place)


def _of_return(fact: UnitsReturned, place: Place) -> Iterator[LogEvent]:
    happened_at = fact.occurred_at
    for lot, quantity in _lots((*fact.lots, *fact.written_off_lots)):
        yield _event(place, fact.id, happened_at, lot, quantity, UNPACKED, fact.sscc)
    if fact.reason == "returned":
        for lot, quantity in _lots(fact.lots):
            yield _event(place, fact.id, happened_at, lot, quantity, RECEIVED_BACK)
    for lot, quantity in _lots(fact.written_off_lots):
        yield _event(place, fact.id, happened_at, lot, quantity, WRITTEN_OFF)


def _lots(lots: Iterable[PackedLot]) -> Iterable[tuple[LotKey, int]]:
    return _counted((packed.gtin, packed.lot, packed.quantity) for packed in lots)


def _counted(lots: Iterable[tuple[str, str, int]]) -> Iterable[tuple[LotKey, int]]:
    """Several SKUs may have one GTIN, and then their lots are one."""
    counts: Counter[LotKey] = Counter()
    for gtin, lot, quantity in lots:
        counts[LotKey(gtin=gtin, lot=lot)] += quantity
    return counts.items()


def _event(
    place: Place, fact: UUID, happened_at: datetime, lot: LotKey, quantity: int, step: LotStep, sscc: str | None = None
) -> LogEvent:
    """`sscc` of the box into which, or out of which, the units went."""
    amount = [{"epcClass": place.lot(lot.gtin, lot.lot), "quantity": quantity}]  # pieces, as it has no unit of measure
    what: Fields = {"quantityList": amount}
    if sscc is not None:
        what = {"parentID": place.box(sscc), "childQuantityList": amount}
    said = {"action": step.action, "bizStep": step.step, "disposition": step.disposition, "readPoint": place.here}
    # A unit's name has a point where this one has a slash: no serial can make it a lot's.
    name = f"{fact}|{lot.gtin}/{lot.lot}|{step.step}.{step.disposition}"
    event = named_event("ObjectEvent" if sscc is None else "AggregationEvent", happened_at, {**what, **said})
    return LogEvent(name, happened_at, event, lot=lot)
