"""Products and goods receipts: what stands under no order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from services.warehouse.domain.refusals import Fault
from services.warehouse.domain.stock import Movement, SkuQuantity, StockLevels

GOODS_RECEIPTS = UUID("6f0b7a52-8d0e-5d9e-9a0d-3a1d1f6f2c11")
"""The namespace of goods receipts' ids."""


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

    @property
    def id(self) -> UUID:
        """The same for every receipt of this owner and reference."""
        return uuid5(GOODS_RECEIPTS, f"{self.owner}|{self.reference}")

    def movements(self) -> list[Movement]:
        return [Movement(line.sku, "received", line.quantity, receipt_id=self.id) for line in self.lines]

    def same_lines(self, other: GoodsReceipt) -> bool:
        """Whether both state the same quantities, in whatever order."""
        return set(self.lines) == set(other.lines)


def receipt_faults(receipt: GoodsReceipt, products: Mapping[str, Product]) -> list[Fault]:
    """Every fault of a goods receipt: each SKU once, of a known product, of this owner."""
    repeats = Counter(line.sku for line in receipt.lines)
    faults = []
    for index, line in enumerate(receipt.lines):
        field = f"lines[{index}].sku"
        if line.sku not in products:
            faults.append(Fault(field, "known_sku", "a product must be stated before it is received"))
        elif products[line.sku].owner != receipt.owner:
            faults.append(Fault(field, "owner_of_sku", "the product belongs to another owner"))
        if repeats[line.sku] > 1:
            faults.append(Fault(field, "once", "each SKU once"))
    return faults
