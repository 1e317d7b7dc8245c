"""Units that are distinguished by their lot only: how many of each lot there are by the facts, and the lots that people
state.

Only whoever receives goods must state their lots: a unit that left without a stated lot still counts as in stock. So
there are never more units of a lot in the house than its `in_stock`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from contracts.warehouse import (
    GoodsReceived,
    PackedLot,
    ParcelHandedOver,
    StockWrittenOff,
    UnitsPacked,
    UnitsReceived,
    UnitsReturned,
)
from services.warehouse.domain.packing import Box
from services.warehouse.domain.stock import LotQuantity, SkuLot
from shared.faults import Fault
from shared.ledger.facts import Facts

LOTS_OF_A_LINE = 5
"""The most lots of one line of an order in a parcel, which has at most 99 lines: a fact tells of 500 lots."""


@dataclass(frozen=True, slots=True)
class Lot:
    """How many units of a lot there are, by the facts of one stream or of all. Each that was received is in stock,
    packed or written off."""

    sku: str
    lot: str
    gtin: str
    """In 14 digits, as it was when they were received."""
    received: int = 0
    packed: int = 0
    """In boxes, or shipped with them."""
    written_off: int = 0

    @property
    def in_stock(self) -> int:
        return self.received - self.packed - self.written_off


@dataclass(frozen=True, slots=True)
class Shelf:
    """The lots of some SKUs that are in stock, or that were looked up."""

    lots: Mapping[tuple[str, str], Lot] = field(default_factory=dict)
    """By SKU and lot."""
    whole: Collection[str] = ()
    """The SKUs of which all that ever came in has its lot."""

    def only(self, sku: str, quantity: int) -> Lot | None:
        """The one lot in stock of this SKU, if it has this many units and there is no other."""
        there = [lot for lot in self.lots.values() if lot.sku == sku and lot.in_stock > 0]
        return there[0] if sku in self.whole and len(there) == 1 and there[0].in_stock >= quantity else None


EMPTY = Shelf()


# --- the lots of one stream by its facts ---


def lots_of_receipt(facts: Facts) -> list[Lot]:
    return [
        Lot(line.sku, line.lot, line.gtin, received=line.quantity)
        for event in facts.all(GoodsReceived)
        for line in event.lines
        if line.lot is not None and line.gtin is not None
    ]


def lots_of_order(facts: Facts) -> list[Lot]:
    """For all lots that were ever published of the order's boxes: 0 packed where all boxes were opened again."""
    packed, written_off, known = Counter[tuple[str, str]](), Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    for box in facts.all(UnitsPacked):
        known |= {key: lot.gtin for key, lot in _by_key(box.lots)}
        opened = opened_again(facts, box)
        for key, lot in _by_key(box.lots if opened is None else ()):
            packed[key] += lot.quantity
        for key, lot in _by_key(opened.written_off_lots if opened is not None else ()):
            written_off[key] += lot.quantity
    return [Lot(*key, gtin, packed=packed[key], written_off=written_off[key]) for key, gtin in known.items()]


def opened_again(facts: Facts, box: UnitsPacked) -> UnitsReturned | None:
    """What was published when the box was opened. A box that was handed over after its order was withdrawn is not
    empty, whatever was published."""
    returned, handed_over = facts.get(UnitsReturned, box.parcel), facts.get(ParcelHandedOver, box.parcel)
    return returned if returned is not None and (handed_over is None or returned.reason == "returned") else None


def lots_of_write_off(facts: Facts) -> list[Lot]:
    return [
        Lot(*key, lot.gtin, written_off=lot.quantity)
        for event in facts.all(StockWrittenOff)
        if event.reason != "returned"  # its units-returned has them
        for key, lot in _by_key(event.lots)
    ]


def _by_key(lots: Iterable[PackedLot]) -> Iterator[tuple[tuple[str, str], PackedLot]]:
    for lot in lots:
        if lot.sku is not None:
            yield (lot.sku, lot.lot), lot


def booked_lots(facts: Facts) -> dict[str, tuple[LotQuantity, ...]]:
    """The lots of a receipt, by SKU."""
    counts_by_sku: dict[str, Counter[str]] = {}
    for received in facts.all(GoodsReceived):
        for line in received.lines:
            if line.lot is not None:
                counts_by_sku.setdefault(line.sku, Counter())[line.lot] += line.quantity
    for units in facts.all(UnitsReceived):
        if units.lot is not None:
            counts_by_sku.setdefault(units.sku, Counter())[units.lot] += len(units.serials)
    return {sku: tuple(LotQuantity(*lot) for lot in sorted(lots.items())) for sku, lots in counts_by_sku.items()}


# --- packing ---


def packing_lot_faults(boxes: Sequence[Box], by_lot: Collection[str], shelf: Shelf) -> list[Fault]:
    """Every fault of the lots that are stated of boxes: only of goods told apart by lot, of all units of a content, and
    no more units than there are. `by_lot` are the SKUs of such goods."""
    faults: list[Fault] = []
    taken: Counter[tuple[str, str]] = Counter()
    for index, box in enumerate(boxes):
        for place, content in enumerate(box.contents):
            field = f"parcels[{index}].contents[{place}].lots"
            if content.lots and content.sku not in by_lot:
                faults.append(Fault(field, "lots_of_product", "units of this product are not told apart by lot"))
                continue
            faults += quantity_faults(field, content.lots, content.quantity)
            for number, lot in enumerate(content.lots):
                taken[content.sku, lot.lot] += lot.quantity
                faults += _shelf_faults(f"{field}[{number}]", content.sku, lot.lot, taken[content.sku, lot.lot], shelf)
    return faults


def quantity_faults(field: str, lots: Sequence[LotQuantity], quantity: int) -> Iterator[Fault]:
    """Lots, if any, are stated once each and for all units. `field`: that of the lots."""
    yield from once_faults(field, lots)
    if lots and sum(lot.quantity for lot in lots) != quantity:
        yield Fault(field, "all_units", f"exactly {quantity} together")


def once_faults(field: str, lots: Sequence[LotQuantity]) -> Iterator[Fault]:
    times_stated = Counter(lot.lot for lot in lots)
    for number, lot in enumerate(lots):
        if times_stated[lot.lot] > 1:
            yield Fault(f"{field}[{number}].lot", "once", "each lot once")


def _shelf_faults(field: str, sku: str, lot: str, quantity: int, shelf: Shelf) -> Iterator[Fault]:
    known = shelf.lots.get((sku, lot))
    if known is None:
        yield Fault(f"{field}.lot", "known_lot", f"no such lot of {sku} was received")
    elif quantity > known.in_stock:
        yield Fault(f"{field}.quantity", "lot_in_stock", f"of this lot {known.in_stock} are in stock")


def with_only_lots(boxes: Sequence[Box], shelf: Shelf) -> tuple[Box, ...]:
    """A content without stated lots gets the only lot that can be meant, if there is just one."""
    wanted: Counter[str] = Counter()
    for box in boxes:
        for content in box.contents:
            wanted[content.sku] += content.quantity
    only = {sku: lot.lot for sku, quantity in wanted.items() if (lot := shelf.only(sku, quantity)) is not None}
    return tuple(
        replace(
            box,
            contents=tuple(
                replace(content, lots=(LotQuantity(only[content.sku], content.quantity),))
                if not content.lots and content.sku in only
                else content
                for content in box.contents
            ),
        )
        for box in boxes
    )


def packed_lots(box: Box, shelf: Shelf) -> tuple[PackedLot, ...]:
    """The lots in a box as facts have them: those that are stated, as far as they are known."""
    counts: Counter[tuple[str, str]] = Counter()
    for content in box.contents:
        for lot in content.lots:
            counts[content.sku, lot.lot] += lot.quantity
    return lots_of_counts(counts, shelf)


def lots_of_counts(counts: Mapping[tuple[str, str], int], shelf: Shelf) -> tuple[PackedLot, ...]:
    """These numbers of units, by SKU and lot, as facts have them; the lots are known."""
    return tuple(
        PackedLot(gtin=shelf.lots[key].gtin, lot=key[1], quantity=quantity, sku=key[0])
        for key, quantity in sorted(counts.items())
    )


def states_other_lots(box: Box, published: Sequence[PackedLot]) -> bool:
    """Whether a box that was packed before is stated to hold other lots now. A product is not compared when the lots of
    some of its contents are not stated."""
    silent = {content.sku for content in box.contents if not content.lots}
    stated: Counter[tuple[str, str]] = Counter()
    for content in box.contents:
        if content.sku not in silent:
            stated.update({(content.sku, lot.lot): lot.quantity for lot in content.lots})
    skus = {sku for sku, _ in stated}
    return dict(stated) != {key: lot.quantity for key, lot in _by_key(published) if key[0] in skus}


# --- shortages and returns ---


def short_lots(
    sku: str, quantity: int, stated: Sequence[LotQuantity], shelf: Shelf
) -> tuple[tuple[PackedLot, ...], list[Fault]]:
    """Of which lots units in stock are missing or damaged, as facts have them and where it is known; and every fault of
    what is stated. Not all need be stated."""
    faults = list(once_faults("lots", stated))
    if sum(lot.quantity for lot in stated) > quantity:
        faults.append(Fault("lots", "at_most_quantity", f"at most {quantity} together"))
    for number, lot in enumerate(stated):
        faults += _shelf_faults(f"lots[{number}]", sku, lot.lot, lot.quantity, shelf)
    if faults:
        return (), faults
    if not stated and (only := shelf.only(sku, quantity)) is not None:
        stated = [LotQuantity(only.lot, quantity)]
    return lots_of_counts({(sku, lot.lot): lot.quantity for lot in stated}, shelf), []


def split_lots(
    packed: UnitsPacked, damaged: Mapping[str, int], stated: Sequence[SkuLot]
) -> tuple[tuple[PackedLot, ...], tuple[PackedLot, ...], list[Fault]]:
    """Of the lots in a parcel that is back, what is sound and what is written off; and every fault of what is stated.
    `damaged`: units by SKU. Their lots need not be stated where all units are damaged, or where only one lot lay in the
    parcel."""
    inside = {key: lot.quantity for key, lot in _by_key(packed.lots)}
    bad_units: Counter[tuple[str, str]] = Counter()
    faults: list[Fault] = []
    for number, damaged_lot in enumerate(stated):
        bad_units[damaged_lot.sku, damaged_lot.lot] += damaged_lot.quantity
        if bad_units[damaged_lot.sku, damaged_lot.lot] > inside.get((damaged_lot.sku, damaged_lot.lot), 0):
            faults.append(Fault(f"damaged_lots[{number}]", "lot_of_parcel", "not so many of it were in the parcel"))
    for sku in sorted({sku for sku, _ in inside}):
        lots = [key for key in inside if key[0] == sku]
        lost, named = damaged.get(sku, 0), sum(bad_units[key] for key in lots)
        if named == 0 and lost == sum(inside[key] for key in lots):
            bad_units.update({key: inside[key] for key in lots})
        elif named == 0 and len(lots) == 1:
            bad_units[lots[0]] = lost
        elif named != lost:
            faults.append(Fault("damaged_lots", "all_units", f"{sku}: exactly {lost}, each with its lot"))
    sound = tuple(
        _part(lot, lot.quantity - bad_units[key]) for key, lot in _by_key(packed.lots) if lot.quantity > bad_units[key]
    )
    written_off = tuple(_part(lot, bad_units[key]) for key, lot in _by_key(packed.lots) if bad_units[key])
    return sound, written_off, faults


def _part(lot: PackedLot, quantity: int) -> PackedLot:
    return lot.model_copy(update={"quantity": quantity})
