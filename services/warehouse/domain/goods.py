"""Products and goods receipts, which belong to no order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from contracts.vocabularies import UnitIdentity
from contracts.warehouse import GoodsReceived, ReceivedLine
from services.refusals.refusal import Refusal, conflict
from services.warehouse.domain.lots import quantity_faults
from services.warehouse.domain.stock import LotQuantity, Movement, SkuQuantity, StockLevels
from shared.faults import Fault

GOODS_RECEIPTS = UUID("6f0b7a52-8d0e-5d9e-9a0d-3a1d1f6f2c11")
"""The namespace of goods receipts' ids."""
RECEIPT_UNITS = 10_000
"""The most units with serials of one receipt: they are booked in one transaction, and published 500 in a fact."""
RECEIPT_LINES = 500
"""The most lines of one receipt, a line for each lot and for each product without: all are in one fact."""


@dataclass(frozen=True, slots=True)
class Product:
    """Weight of one unit in grams, sides in millimetres."""

    sku: str
    gtin: str
    hs_code: str
    origin: str
    net_weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    unit_value: Decimal
    currency: str
    owner: str
    identity: UnitIdentity = "none"
    """By what its units are distinguished."""
    mints_serials: bool = False
    """Whether the warehouse gives its units their serials; without, those on the packs are stated."""

    @property
    def serialised(self) -> bool:
        return self.identity == "serial"

    @property
    def by_lot(self) -> bool:
        return self.identity == "lot"


@dataclass(frozen=True, slots=True)
class StockOfOwner:
    """The stock of one SKU, and whose it is."""

    owner: str
    sku: str
    levels: StockLevels


@dataclass(frozen=True, slots=True)
class GoodsReceipt:
    """Goods that an owner delivered under a reference. It counts once for owner and reference."""

    owner: str
    reference: str
    lines: tuple[SkuQuantity, ...]
    """As stated, each SKU once."""
    received_at: datetime
    serials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By SKU, those that are stated, as read from the packs."""
    lots: Mapping[str, tuple[LotQuantity, ...]] = field(default_factory=dict)
    """By SKU, likewise."""

    @property
    def id(self) -> UUID:
        """The same for every receipt of this owner and reference."""
        return uuid5(GOODS_RECEIPTS, f"{self.owner}|{self.reference}")

    def received(self, products: Mapping[str, Product]) -> GoodsReceived:
        """The fact that it came in: of goods by lot a line for each lot."""
        lines = [line for stated in self.lines for line in self._lines(stated, products[stated.sku])]
        return GoodsReceived(receipt_id=self.id, occurred_at=self.received_at, lines=tuple(lines))

    def _lines(self, stated: SkuQuantity, product: Product) -> list[ReceivedLine]:
        if not product.by_lot:
            return [ReceivedLine(sku=stated.sku, quantity=stated.quantity)]
        gtin = product.gtin.zfill(14)
        return [
            ReceivedLine(sku=stated.sku, quantity=lot.quantity, lot=lot.lot, gtin=gtin) for lot in self.lots[stated.sku]
        ]

    def movements(self) -> list[Movement]:
        return [Movement(line.sku, "received", line.quantity, receipt_id=self.id) for line in self.lines]


def check_receipt(
    receipt: GoodsReceipt, products: Mapping[str, Product], withdrawn: Collection[str] = frozenset()
) -> None:
    """Each SKU once, of a product that is approved, of this owner. `withdrawn` are the SKUs of products that are no
    longer. Raises Refusal with every fault."""
    if faults := _receipt_faults(receipt, products, withdrawn):
        raise Refusal("invalid", "invalid receipt", faults=faults)


def check_identity(product: Product, known: Product | None, *, received: bool) -> None:
    """By what units are distinguished does not change once goods came in: those in the house have no serials, or their
    serials were published. Raises Refusal."""
    if known is not None and received and known.identity != product.identity:
        message = f"units of this SKU were received as `{known.identity}`"
        raise conflict("goods of this SKU were received already", "identity", "identity_of_stock", message)


def to_mint(receipt: GoodsReceipt, products: Mapping[str, Product]) -> dict[str, int]:
    """How many serials the warehouse gives, by SKU: to goods whose packs have none."""
    return {
        line.sku: line.quantity
        for line in receipt.lines
        if products[line.sku].serialised and line.sku not in receipt.serials
    }


def taken_serials(
    receipt: GoodsReceipt, products: Mapping[str, Product], taken: Collection[tuple[str, str]]
) -> Refusal:
    """The refusal of a receipt whose serials other units have already. `taken`: their GTINs, in 14 digits, and
    serials."""
    faults = [
        Fault(f"lines[{index}].serials[{place}]", "new_serial", "a unit of this GTIN has this serial already")
        for index, line in enumerate(receipt.lines)
        for place, serial in enumerate(receipt.serials.get(line.sku, ()))
        if (products[line.sku].gtin.zfill(14), serial) in taken
    ]
    return Refusal("invalid", "invalid receipt", faults=faults)


def check_serials(receipt: GoodsReceipt, booked: Mapping[str, Sequence[str]]) -> None:
    """A repeated receipt states no serials or those booked, by SKU, in whatever order. Raises Refusal."""
    if any(set(serials) != set(booked.get(sku, ())) for sku, serials in receipt.serials.items()):
        fault = Fault("reference", "once", "a reference of an owner is booked once")
        raise Refusal("conflict", "this reference was booked with other serials", faults=[fault])


def check_lots(receipt: GoodsReceipt, booked: Mapping[str, Sequence[LotQuantity]]) -> None:
    """A repeated receipt states no lots or those booked, by SKU, in whatever order. Raises Refusal."""
    if any(set(lots) != set(booked.get(sku, ())) for sku, lots in receipt.lots.items()):
        fault = Fault("reference", "once", "a reference of an owner is booked once")
        raise Refusal("conflict", "this reference was booked with other lots", faults=[fault])


def check_repeated(receipt: GoodsReceipt, booked: GoodsReceipt) -> None:
    """A receipt whose owner and reference were booked before states the same lines, in whatever order. Raises
    Refusal."""
    if set(receipt.lines) != set(booked.lines):
        fault = Fault("reference", "once", "a reference of an owner is booked once")
        raise Refusal("conflict", "this reference was booked with other lines", faults=[fault])


def _receipt_faults(receipt: GoodsReceipt, products: Mapping[str, Product], withdrawn: Collection[str]) -> list[Fault]:
    repeats = Counter(line.sku for line in receipt.lines)
    faults = []
    for index, line in enumerate(receipt.lines):
        place = f"lines[{index}].sku"
        if line.sku not in products:
            faults.append(Fault(place, "known_sku", "a product must be stated before it is received"))
        elif products[line.sku].owner != receipt.owner:
            faults.append(Fault(place, "owner_of_sku", "the product belongs to another owner"))
        elif line.sku in withdrawn:
            faults.append(Fault(place, "approved_product", "the product is withdrawn, and must be approved again"))
        if repeats[line.sku] > 1:
            faults.append(Fault(place, "once", "each SKU once"))
        if line.sku in products:
            faults += _serial_faults(f"lines[{index}].serials", line, receipt.serials.get(line.sku), products[line.sku])
            faults += _lot_faults(f"lines[{index}].lots", line, receipt.lots.get(line.sku), products[line.sku])
    units = sum(line.quantity for line in receipt.lines if line.sku in products and products[line.sku].serialised)
    if units > RECEIPT_UNITS:
        faults.append(Fault("lines", "units_of_receipt", f"at most {RECEIPT_UNITS:,} units with serials"))
    if sum(max(1, len(receipt.lots.get(line.sku, ()))) for line in receipt.lines) > RECEIPT_LINES:
        faults.append(Fault("lines", "lots_of_receipt", f"at most {RECEIPT_LINES} lots, and products without"))
    return faults


def _lot_faults(field: str, line: SkuQuantity, lots: Sequence[LotQuantity] | None, product: Product) -> Iterable[Fault]:
    match product.identity:
        case "lot" if not lots:
            return [Fault(field, "lots_of_packs", "state the lots on the packs, and how many are of each")]
        case "serial" if lots is not None and len(lots) != 1:
            return [Fault(field, "one_lot", "units with serials come in one lot a receipt, if it is stated")]
        case "lot" | "serial":
            return quantity_faults(field, lots or (), line.quantity)
        case _ if lots is not None:
            return [Fault(field, "lots_of_product", "units of this product have no lot")]
        case _:
            return ()


def _serial_faults(field: str, line: SkuQuantity, serials: Sequence[str] | None, product: Product) -> list[Fault]:
    if not product.serialised:
        return [] if serials is None else [Fault(field, "serialised_product", "units of this product have no serials")]
    if serials is None:
        if product.mints_serials:
            return []
        return [Fault(field, "serials_of_packs", "the warehouse gives it no serials: state those on the packs")]
    if len(serials) != line.quantity:
        return [Fault(field, "one_a_unit", f"exactly {line.quantity}")]
    repeats = Counter(serials)
    return [
        Fault(f"{field}[{place}]", "once", "each serial once")
        for place, serial in enumerate(serials)
        if repeats[serial] > 1
    ]
