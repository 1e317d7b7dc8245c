"""Products, goods receipts and stock, as they are stated and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import pycountry
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from contracts.base import Code, CountryCode, Currency, HsCode, Serial, Sku
from contracts.vocabularies import BlockReason
from services.warehouse.domain.goods import RECEIPT_LINES, RECEIPT_UNITS, GoodsReceipt, Product, StockOfOwner
from services.warehouse.domain.stock import LotQuantity, SkuQuantity, StockLevels
from services.warehouse.schemas.base import Grams, Millimetres
from services.warehouse.schemas.lots import LotUnitsBody
from services.warehouse.schemas.units import Gtin
from shared.http.amounts import amount
from shared.http.counts import at_most
from shared.http.models import Body, View


def _country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None:
        raise PydanticCustomError("country", "Must be an ISO 3166-1 alpha-2 code, e.g. FR")
    return code


ReceivedUnits = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class MoneyBody(Body):
    """An amount to the cent."""

    amount: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2), BeforeValidator(amount)]
    """A text with two decimals, as in `12.50`."""
    currency: Currency


class ProductBody(Body):
    """All about a product but its SKU."""

    gtin: Gtin
    """As printed on the goods: 8, 12, 13 or 14 digits, the last one their check digit (GS1)."""
    hs_code: HsCode
    """Of the Harmonized System: 6 digits, 8 in the European Union, 10 in China."""
    origin: Annotated[CountryCode, AfterValidator(_country)]
    """The country in which it was made, ISO 3166-1 alpha-2."""
    net_weight_g: Grams
    """Of one unit, in grams."""
    length_mm: Millimetres
    """Of one unit, in millimetres, as the other two sides."""
    width_mm: Millimetres
    height_mm: Millimetres
    unit_value: MoneyBody
    """What one unit is worth, without tax."""
    owner: Code
    """Whose goods they are; it never changes."""
    identity: Literal["serial", "lot", "none"] = "none"
    """By what units are told apart; it never changes once goods came in. With `serial` each has one, from its receipt
    on, and is scanned into its parcel. With `lot` a receipt states its lots."""
    mints_serials: bool = False
    """Whether the warehouse gives units their serials, since those on the packs are none: the brand's owner lets it.
    Without it a receipt states the serials on the packs."""

    def product(self, sku: str) -> Product:
        """This product under its SKU."""
        return Product(
            sku=sku,
            gtin=self.gtin,
            hs_code=self.hs_code,
            origin=self.origin,
            net_weight_g=self.net_weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            unit_value=self.unit_value.amount,
            currency=self.unit_value.currency,
            owner=self.owner,
            identity=self.identity,
            mints_serials=self.mints_serials,
        )


class ProductView(ProductBody):
    """A product, under the number that its owner has given it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sku: Sku


class ProductsPage(View):
    """A page of products, by SKU."""

    products: tuple[ProductView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class ReceivedLot(LotUnitsBody):
    """Units of one lot that were delivered."""

    quantity: ReceivedUnits


class ReceiptLine(Body):
    """Units of one product that were delivered."""

    sku: Sku
    quantity: ReceivedUnits
    serials: Annotated[list[Serial], Field(max_length=RECEIPT_UNITS), at_most(RECEIPT_UNITS)] | None = None
    """Of units that are told apart by serials: those on the packs, AI 21, one a unit. Null: the packs have none, and
    the warehouse gives them."""
    lots: Annotated[list[ReceivedLot], Field(max_length=RECEIPT_LINES), at_most(RECEIPT_LINES)] | None = None
    """Of units that are told apart by lot: all lots on the packs, together the quantity. Of units with serials one lot,
    if they have any."""


class ReceiptBody(Body):
    """What an owner has delivered."""

    reference: Code
    """The owner's, as on the delivery note; it counts once."""
    owner: Code
    """Of every product in it."""
    lines: Annotated[list[ReceiptLine], Field(min_length=1, max_length=500), at_most(500)]
    """Each SKU once."""

    def receipt(self, received_at: datetime) -> GoodsReceipt:
        lines = tuple(SkuQuantity(line.sku, line.quantity) for line in self.lines)
        serials = {line.sku: tuple(line.serials) for line in self.lines if line.serials is not None}
        lots = {line.sku: tuple(lot.units() for lot in line.lots) for line in self.lines if line.lots is not None}
        return GoodsReceipt(self.owner, self.reference, lines, received_at, serials, lots)


class BookedLine(View):
    """Units of one product that were booked in."""

    sku: Sku
    quantity: int
    serials: tuple[str, ...]
    """Of these units, stated or given; empty where they have none."""
    lots: tuple[ReceivedLot, ...]
    """Of these units; empty where none is stated."""


class ReceiptView(View):
    """Goods that were booked in."""

    id: UUID
    reference: str
    owner: str
    lines: tuple[BookedLine, ...]
    received_at: datetime


class StockQuantities(View):
    """Units: received = available + blocked + reserved + shipped + written_off."""

    received: int
    available: int
    """Free for orders to come."""
    blocked: int
    """There, and not for orders: the vendor is suspended, or the product withdrawn."""
    reserved: int
    """For orders that are not handed over yet."""
    shipped: int
    written_off: int
    """Missing or damaged."""


class StockView(StockQuantities):
    """The stock of one product."""

    owner: str
    sku: str
    block: BlockReason | None
    """Why stock is blocked; null when it is not."""


class StockPage(View):
    """A page of the stock, by owner and SKU."""

    stock: tuple[StockView, ...]
    totals: StockQuantities
    """Over all pages."""
    next: str | None
    """The cursor of the next page; null on the last."""


def product_view(product: Product) -> ProductView:
    fields = asdict(product)
    value = {"amount": fields.pop("unit_value"), "currency": fields.pop("currency")}
    return ProductView.model_validate({**fields, "unit_value": value})


def receipt_view(
    receipt: GoodsReceipt, serials: Mapping[str, Sequence[str]], lots: Mapping[str, Sequence[LotQuantity]]
) -> ReceiptView:
    """`serials` and `lots` by SKU."""
    return ReceiptView(
        id=receipt.id,
        reference=receipt.reference,
        owner=receipt.owner,
        lines=tuple(
            BookedLine(
                sku=line.sku,
                quantity=line.quantity,
                serials=tuple(serials.get(line.sku, ())),
                lots=tuple(ReceivedLot(lot=lot.lot, quantity=lot.quantity) for lot in lots.get(line.sku, ())),
            )
            for line in receipt.lines
        ),
        received_at=receipt.received_at,
    )


def stock_view(stock: StockOfOwner) -> StockView:
    levels = stock.levels
    quantities = quantities_view(levels, levels.available - levels.free)
    return StockView(owner=stock.owner, sku=stock.sku, block=levels.blocked, **dict(quantities))


def quantities_view(levels: StockLevels, blocked: int) -> StockQuantities:
    """`blocked` units of those that are available are shown apart."""
    return StockQuantities(
        received=levels.received,
        available=levels.available - blocked,
        blocked=blocked,
        reserved=levels.reserved,
        shipped=levels.shipped,
        written_off=levels.written_off,
    )
