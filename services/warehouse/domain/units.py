"""Units that have a serial: how they are numbered, where each is by the facts, and what may be scanned into a box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from contracts.base import Parcel
from contracts.warehouse import (
    UNITS_OF_A_FACT,
    ParcelHandedOver,
    StockWrittenOff,
    UnitKey,
    UnitsPacked,
    UnitsReceived,
    UnitsReturned,
)
from services.refusals.refusal import Refusal
from services.warehouse.domain.lots import Shelf, opened_again, packed_lots, split_lots
from services.warehouse.domain.orders import packed_parcels, parcel_units
from services.warehouse.domain.packing import Box
from services.warehouse.domain.stock import SkuLot, SkuQuantity
from shared.faults import Fault
from shared.ledger.facts import Facts

UnitState = Literal["received", "packed", "shipped", "returned", "written_off"]
"""`received`: in stock, never packed, or out of its box again before that left. `returned`: came back with its parcel,
and is stock again."""
IN_STOCK: tuple[UnitState, ...] = ("received", "returned")
TICK = timedelta(microseconds=1)
"""The least time between two places of a unit: facts hold microseconds."""
SERIAL_BITS = 80
"""Bits of a minted serial: enough that nobody guesses one, and none is drawn twice."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def serial_of(number: int) -> str:
    """The serial of this number of 80 bits: 16 characters of Crockford's base32, which has no I, L, O and U
    (crockford.com/base32.html)."""
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(SERIAL_BITS - 5, -5, -5))


def sscc_of(company_prefix: str, reference: int) -> str:
    """SSCC: extension digit, GS1 company prefix, serial reference, check digit; 18 digits in all (GS1 General
    Specifications, 3.2 AI 00). `reference` counts through the serial reference first and the extension digit after it.
    The check digit weighs the 17 digits 3, 1, 3, ... from the left and completes their sum to a multiple of ten
    (7.9.1). Raises Refusal when this prefix has no number left."""
    digits = 17 - len(company_prefix)
    if reference >= 10**digits:
        raise Refusal("conflict", "the company prefix has no SSCC left", detail="set another GS1_COMPANY_PREFIX")
    extension, serial_reference = divmod(reference, 10 ** (digits - 1))
    body = f"{extension}{company_prefix}{serial_reference:0{digits - 1}d}"
    weighed = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(body))
    return f"{body}{-weighed % 10}"


def reference_of(company_prefix: str, sscc: str) -> int | None:
    """The number that this SSCC was made of; None for one of another company prefix."""
    if not sscc.startswith(company_prefix, 1):
        return None
    return int(sscc[0] + sscc[1 + len(company_prefix) : 17])


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as the warehouse knows it."""

    gtin: str
    """In 14 digits."""
    serial: str
    sku: str | None
    """None, after a restore, until its receipt is known again."""
    receipt_id: UUID | None
    state: UnitState
    order_id: UUID | None
    """Of the order in whose box it lies or left; as parcel and SSCC."""
    parcel: int | None
    sscc: str | None
    since: datetime
    """When it came into its state."""
    flagged: str | None
    """Why it may be a copy, or be copied; None when it is not flagged."""


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """Where a unit is by the facts of one stream. Of several streams' the one with the latest `since` counts."""

    unit: UnitKey
    state: UnitState
    since: datetime
    order_id: UUID | None = None
    parcel: int | None = None
    sscc: str | None = None


def places_of_order(facts: Facts) -> list[UnitPlace]:
    """Where the order's facts put the units that were scanned into its boxes; a box that replaces another comes after
    it."""
    places: dict[UnitKey, UnitPlace] = {}
    for packed in sorted(facts.all(UnitsPacked), key=lambda event: (event.occurred_at, event.parcel)):
        places |= {place.unit: place for place in _places_of_box(facts, packed)}
    return list(places.values())


def _places_of_box(facts: Facts, packed: UnitsPacked) -> Iterator[UnitPlace]:
    handed_over, returned = facts.get(ParcelHandedOver, packed.parcel), opened_again(facts, packed)
    state: UnitState = "packed"
    since = packed.occurred_at
    if handed_over is not None:
        state, since = "shipped", max(since, handed_over.occurred_at)
    if returned is not None:
        out: UnitState = "returned" if returned.reason == "returned" else "received"
        since = max(since, returned.occurred_at)
        for units, came_to in ((returned.units, out), (returned.written_off, "written_off")):
            for unit in units:
                yield UnitPlace(unit, came_to, since)
    else:
        for unit in packed.units:
            yield UnitPlace(unit, state, since, facts.id, packed.parcel, packed.sscc)


def places_of_write_off(facts: Facts) -> list[UnitPlace]:
    return [
        UnitPlace(unit, "written_off", event.occurred_at)
        for event in facts.all(StockWrittenOff)
        if event.reason != "returned"  # its units-returned has them
        for unit in event.units
    ]


def live_boxes(facts: Facts) -> dict[int, UnitsPacked]:
    """By number, the boxes as they are now for which units with serials, or lots, were published."""
    return {
        number: packed for number in packed_parcels(facts) if (packed := facts.get(UnitsPacked, number)) is not None
    }


def withdrawn_units(facts: Facts, handed_over: Iterable[int], now: datetime) -> list[UnitsReturned]:
    """Of a withdrawn order: its boxes that have not left are opened, and their units and lots are stock again.
    `handed_over` are parcels of which that has just been proved."""
    left = {*handed_over, *(event.parcel for event in facts.all(ParcelHandedOver))}
    return [
        UnitsReturned(
            order_id=facts.id,
            occurred_at=now,
            parcel=number,
            sscc=packed.sscc,
            reason="withdrawn",
            units=packed.units,
            lots=packed.lots,
        )
        for number, packed in live_boxes(facts).items()
        if number not in left and facts.get(UnitsReturned, number) is None
    ]


def units_received(
    receipt_id: UUID, now: datetime, lines: Iterable[tuple[str, str, str | None, Sequence[str], bool]]
) -> list[UnitsReceived]:
    """The facts, in parts, for lines of SKU, GTIN in 14 digits, lot if it was stated, serials, and whether the
    warehouse gave them."""
    parts = [
        (sku, gtin, lot, serials[start : start + UNITS_OF_A_FACT], minted)
        for sku, gtin, lot, serials, minted in lines
        for start in range(0, len(serials), UNITS_OF_A_FACT)
    ]
    return [
        UnitsReceived(
            receipt_id=receipt_id,
            occurred_at=now,
            part=part,
            sku=sku,
            gtin=gtin,
            lot=lot,
            minted=minted,
            serials=tuple(serials),
        )
        for part, (sku, gtin, lot, serials, minted) in enumerate(parts, start=1)
    ]


def serials_of(facts: Facts) -> dict[str, tuple[str, ...]]:
    """The serials of a receipt's units, by SKU, in the order in which they were given."""
    serials_by_sku: dict[str, list[str]] = {}
    for event in sorted(facts.all(UnitsReceived), key=lambda event: event.part):
        serials_by_sku.setdefault(event.sku, []).extend(event.serials)
    return {sku: tuple(serials) for sku, serials in serials_by_sku.items()}


def scan_faults(boxes: Sequence[Box], serialised: Collection[str], units: Mapping[UnitKey, Unit]) -> list[Fault]:
    """Every fault of the units scanned into boxes: all units of goods that have serials, each once, in stock, and not
    flagged. `serialised` are the SKUs of such goods, `units` those scanned that are known."""
    faults = []
    scans = Counter(unit for box in boxes for unit in box.units)
    for index, box in enumerate(boxes):
        wanted = Counter[str]()
        for content in box.contents:
            if content.sku in serialised:
                wanted[content.sku] += content.quantity
        counted = Counter[str]()
        for place, key in enumerate(box.units):
            unit, field = units.get(key), f"parcels[{index}].units[{place}]"
            if scans[key] > 1:
                faults.append(Fault(field, "once", "each unit once"))
            if unit is None:
                faults.append(Fault(field, "known_unit", "no such unit was received"))
                continue
            if unit.sku is None or unit.sku not in wanted:
                faults.append(Fault(field, "sku_of_parcel", f"the unit is of {unit.sku}, which is not in the parcel"))
                continue
            counted[unit.sku] += 1
            faults += stock_faults(field, unit)
            if unit.flagged is not None:
                faults.append(Fault(field, "not_flagged", f"the unit is flagged: {unit.flagged}"))
        faults += [
            Fault(f"parcels[{index}].units", "all_units", f"{sku}: exactly {quantity}, each scanned")
            for sku, quantity in wanted.items()
            if counted[sku] != quantity
        ]
    return faults


def stock_faults(field: str, unit: Unit) -> list[Fault]:
    if unit.state in IN_STOCK:
        return []
    return [Fault(field, "unit_in_stock", f"the unit is {unit.state.replace('_', ' ')}")]


def shortage_faults(sku: str, quantity: int, named: Sequence[UnitKey], units: Mapping[UnitKey, Unit]) -> list[Fault]:
    """Every fault of the units that are reported missing or damaged."""
    faults = []
    if len(named) > quantity:
        faults.append(Fault("units", "at_most_quantity", f"at most {quantity}"))
    for place, key in enumerate(named):
        field, unit = f"units[{place}]", units.get(key)
        if key in named[:place]:
            faults.append(Fault(field, "once", "each unit once"))
        if unit is None or unit.sku != sku:
            faults.append(Fault(field, "known_unit", f"no such unit of {sku} was received"))
        else:
            faults += stock_faults(field, unit)
    return faults


def returned_units(
    packed: UnitsPacked,
    parcel: Parcel,
    damaged: Sequence[SkuQuantity],
    named: Sequence[UnitKey],
    units: Mapping[UnitKey, Unit],
    damaged_lots: Sequence[SkuLot],
    now: datetime,
) -> UnitsReturned:
    """Which units and lots of a parcel that is back are stock again, and which are written off: those named, or all of
    a SKU of which all are damaged or missing. Raises Refusal with every fault."""
    faults = []
    for place, key in enumerate(named):
        if key not in packed.units:
            faults.append(Fault(f"damaged_units[{place}]", "unit_of_parcel", "no such unit was in the parcel"))
        elif key in named[:place]:
            faults.append(Fault(f"damaged_units[{place}]", "once", "each unit once"))
    lost: Counter[str] = Counter()
    for count in damaged:
        lost[count.sku] += count.quantity
    unsound = set(named)
    for sku, quantity in parcel_units(parcel).items():
        of_sku = {key for key in packed.units if (unit := units.get(key)) is not None and unit.sku == sku}
        if of_sku and lost[sku] == quantity:
            unsound |= of_sku
        elif of_sku and len(of_sku & unsound) != lost[sku]:
            faults.append(Fault("damaged_units", "all_units", f"{sku}: exactly {lost[sku]}, each named"))
    lots, written_off_lots, lot_faults = split_lots(packed, lost, damaged_lots)
    if faults := [*faults, *lot_faults]:
        raise Refusal("invalid", "a rule is broken", faults=faults)
    return UnitsReturned(
        order_id=packed.order_id,
        occurred_at=now,
        parcel=packed.parcel,
        sscc=packed.sscc,
        reason="returned",
        units=tuple(key for key in packed.units if key not in unsound),
        written_off=tuple(key for key in packed.units if key in unsound),
        lots=lots,
        written_off_lots=written_off_lots,
    )


def repacked_units(packed: UnitsPacked, parcel: int, sscc: str, now: datetime) -> tuple[UnitsReturned, UnitsPacked]:
    """All units of a box lie in another, which has this number and SSCC."""
    given_up = UnitsReturned(
        order_id=packed.order_id,
        occurred_at=now,
        parcel=packed.parcel,
        sscc=packed.sscc,
        reason="repacked",
        units=packed.units,
        lots=packed.lots,
    )
    new = UnitsPacked(
        order_id=packed.order_id, occurred_at=now, parcel=parcel, sscc=sscc, units=packed.units, lots=packed.lots
    )
    return given_up, new


def has_known_units(box: Box) -> bool:
    """Whether units with serials were scanned into it, or lots are known."""
    return bool(box.units) or any(content.lots for content in box.contents)


def packing_time(scanned: Iterable[Unit], now: datetime) -> datetime:
    """When units that are scanned now came into their boxes. Another replica's clock may be ahead: a unit's new place
    is always later than its last one."""
    return max([now, *(unit.since + TICK for unit in scanned)])


def packed_units(
    order_id: UUID, boxes: Sequence[Box], shelf: Shelf, ssccs: Sequence[str], now: datetime
) -> list[UnitsPacked]:
    """Of boxes numbered from 1: those whose units or lots are known, each with the next SSCC."""
    known = [(parcel, box) for parcel, box in enumerate(boxes, start=1) if has_known_units(box)]
    return [
        UnitsPacked(
            order_id=order_id, occurred_at=now, parcel=parcel, sscc=sscc, units=box.units, lots=packed_lots(box, shelf)
        )
        for (parcel, box), sscc in zip(known, ssccs, strict=True)
    ]
