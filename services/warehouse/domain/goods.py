"""Products and goods receipts: what stands under no order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from contracts.warehouse import GoodsReceived, ReceivedLine
from services.refusals.refusal import Refusal
from services.warehouse.domain.stock import Movement, SkuQuantity, StockLevels
from shared.faults import Fault

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

    def received(self) -> GoodsReceived:
        """The fact that it came in."""
        lines = tuple(ReceivedLine(sku=line.sku, quantity=line.quantity) for line in self.lines)
        return GoodsReceived(receipt_id=self.id, occurred_at=self.received_at, lines=lines)

    def movements(self) -> list[Movement]:
        return [Movement(line.sku, "received", line.quantity, receipt_id=self.id) for line in self.lines]


def check_receipt(
    receipt: GoodsReceipt, products: Mapping[str, Product], withdrawn: Collection[str] = frozenset()
) -> None:
    """Each SKU once, of a product that is approved, of this owner. `withdrawn` are the SKUs of products that are no
    longer. Raises Refusal with every fault."""
    if faults := _receipt_faults(receipt, products, withdrawn):
        raise Refusal("invalid", "invalid receipt", faults=faults)


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
        field = f"lines[{index}].sku"
        if line.sku not in products:
            faults.append(Fault(field, "known_sku", "a product must be stated before it is received"))
        elif products[line.sku].owner != receipt.owner:
            faults.append(Fault(field, "owner_of_sku", "the product belongs to another owner"))
        elif line.sku in withdrawn:
            faults.append(Fault(field, "approved_product", "the product is withdrawn, and must be approved again"))
        if repeats[line.sku] > 1:
            faults.append(Fault(field, "once", "each SKU once"))
    return faults
