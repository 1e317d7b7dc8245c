"""Lots, as they are stated and shown."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from contracts.base import Lot as LotNumber
from contracts.base import Sku
from services.warehouse.domain.lots import LOTS_OF_A_LINE, Lot
from services.warehouse.domain.stock import LotQuantity, SkuLot
from shared.http.counts import at_most
from shared.http.models import Body, View

Units = Annotated[int, Field(ge=1, le=999, strict=True)]


class LotUnitsBody(Body):
    """Units of one lot."""

    lot: LotNumber
    """AI 10, as on the pack: up to 20 characters of GS1's set 82."""
    quantity: Units

    def units(self) -> LotQuantity:
        return LotQuantity(self.lot, self.quantity)


LineLots: TypeAlias = Annotated[list[LotUnitsBody], Field(max_length=LOTS_OF_A_LINE), at_most(LOTS_OF_A_LINE)]


class SkuLotBody(LotUnitsBody):
    """Units of one lot of one product."""

    sku: Sku

    def of_sku(self) -> SkuLot:
        return SkuLot(self.sku, self.lot, self.quantity)


class LotView(View):
    """A lot of a product: received = in stock + packed + written off."""

    sku: Sku
    lot: str
    gtin: str
    """In 14 digits."""
    received: int
    in_stock: int
    """At most so many are in stock: which lots left was not always said."""
    packed: int
    """In boxes, or gone with them."""
    written_off: int


class LotsPage(View):
    """A page of lots, by SKU and lot."""

    lots: tuple[LotView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


def lot_view(lot: Lot) -> LotView:
    return LotView(
        sku=lot.sku,
        lot=lot.lot,
        gtin=lot.gtin,
        received=lot.received,
        in_stock=lot.in_stock,
        packed=lot.packed,
        written_off=lot.written_off,
    )
