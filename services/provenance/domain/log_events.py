"""Which events follow from facts. Each has a name of its own, so that a fact that comes twice is logged once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.base import Gtin, Lot, Value
from contracts.carrier import ParcelDelivered
from contracts.warehouse import ParcelHandedOver, StockWrittenOff, UnitKey, UnitsPacked, UnitsReceived, UnitsReturned
from services.provenance.domain import epcis
from services.provenance.domain.epcis import Fields, Place
from shared.ledger.facts import Facts


class LotKey(Value):
    """Which lot: GTIN and AI 10."""

    gtin: Gtin
    lot: Lot


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event to be logged: of one unit, of units of one lot, or of a box."""

    name: str
    happened_at: datetime
    fields: Fields
    unit: UnitKey | None = None
    sscc: str | None = None
    """Of the box, or of the box in which the unit lies from here on."""
    said_by: str | None = None
    """Who has reported the event; None for our own."""
    lot: LotKey | None = None
    """Of units that have no serial."""


def of_receipt(fact: UnitsReceived, place: Place) -> Iterator[LogEvent]:
    """Each unit is with us, under its serial."""
    for serial in fact.serials:
        unit = UnitKey(gtin=fact.gtin, serial=serial)
        event = epcis.commissioned(place, fact.occurred_at, unit.gtin, unit.serial)
        yield LogEvent(_name(fact.id, unit, "commissioned"), fact.occurred_at, event, unit)


def of_write_off(fact: StockWrittenOff, place: Place) -> Iterator[LogEvent]:
    """Each unit exists no more. Units written off in a return are left out: their units-returned names them."""
    if fact.reason != "returned":
        for unit in fact.units:
            event = epcis.written_off(place, fact.occurred_at, unit.gtin, unit.serial)
            yield LogEvent(_name(fact.id, unit, "written_off"), fact.occurred_at, event, unit)


def of_order(facts: Facts, place: Place) -> Iterator[LogEvent]:
    """What happened to the boxes of an order, and to the units with serials in them, in the order of time. A box has no
    events before its units-packed has come."""
    for packed in facts.all(UnitsPacked):
        yield from _of_box(facts, packed, place)


def _of_box(facts: Facts, packed: UnitsPacked, place: Place) -> Iterator[LogEvent]:
    sscc, happened_at = packed.sscc, packed.occurred_at
    for unit in packed.units:
        event = epcis.packed(place, happened_at, sscc, unit.gtin, unit.serial)
        yield LogEvent(_name(packed.id, unit, "packed"), happened_at, event, unit, sscc)
    if (handed := facts.get(ParcelHandedOver, packed.parcel)) is not None:
        happened_at = handed.occurred_at
        yield LogEvent(f"{handed.id}|shipped", happened_at, epcis.shipped(place, happened_at, sscc), sscc=sscc)
    for delivered in facts.all(ParcelDelivered):
        if delivered.parcel == packed.parcel:
            happened_at = delivered.delivered_at
            yield LogEvent(
                f"{delivered.id}|delivered", happened_at, epcis.delivered(place, happened_at, sscc), sscc=sscc
            )
    if (returned := facts.get(UnitsReturned, packed.parcel)) is not None:
        yield from _of_return(returned, place)


def _of_return(fact: UnitsReturned, place: Place) -> Iterator[LogEvent]:
    happened_at = fact.occurred_at
    for unit in (*fact.units, *fact.written_off):
        event = epcis.unpacked(place, happened_at, fact.sscc, unit.gtin, unit.serial)
        yield LogEvent(_name(fact.id, unit, "unpacked"), happened_at, event, unit, fact.sscc)
    if fact.reason == "returned":
        for unit in fact.units:
            event = epcis.received_back(place, happened_at, unit.gtin, unit.serial)
            yield LogEvent(_name(fact.id, unit, "received_back"), happened_at, event, unit)
    for unit in fact.written_off:
        event = epcis.written_off(place, happened_at, unit.gtin, unit.serial)
        yield LogEvent(_name(fact.id, unit, "written_off"), happened_at, event, unit)


def _name(fact: UUID, unit: UnitKey, step: str) -> str:
    return f"{fact}|{unit.gtin}.{unit.serial}|{step}"
