"""Products, goods receipts and stock, as they are stated and shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import pycountry
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from stdnum import ean
from stdnum.exceptions import ValidationError

from contracts.base import Code, CountryCode, Currency, HsCode, Sku
from services.warehouse.domain.goods import GoodsReceipt, Product, StockOfOwner
from services.warehouse.domain.stock import SkuQuantity
from services.warehouse.schemas.base import Body, Grams, Millimetres, View
from shared.http.amounts import amount
from shared.http.counts import at_most


def _gtin(text: str) -> str:
    try:
        return str(ean.validate(text))
    except ValidationError as fault:
        raise PydanticCustomError("gtin", "8, 12, 13 or 14 digits with their GS1 check digit") from fault


def _country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None:
        raise PydanticCustomError("country", "Must be an ISO 3166-1 alpha-2 code, e.g. FR")
    return code


Gtin = Annotated[str, Field(min_length=8, max_length=14), AfterValidator(_gtin)]
"""As handed in: 8, 12, 13 or 14 digits. They are one number with zeros in front left out (GS1 General Specifications,
3.2), so that a look-up compares all 14; what is shown is what was stated, as it is printed on the goods."""
ReceivedUnits = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class MoneyBody(Body):
    amount: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2), BeforeValidator(amount)]
    currency: Currency


class ProductBody(Body):
    gtin: Gtin
    hs_code: HsCode
    origin: Annotated[CountryCode, AfterValidator(_country)]
    net_weight_g: Grams
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres
    unit_value: MoneyBody
    owner: Code

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
        )


class ProductView(ProductBody):
    model_config = ConfigDict(frozen=True, extra="ignore")

    sku: Sku


class ProductPage(View):
    products: tuple[ProductView, ...]
    next: str | None


class ReceiptLine(Body):
    sku: Sku
    quantity: ReceivedUnits


class ReceiptBody(Body):
    reference: Code
    owner: Code
    lines: Annotated[list[ReceiptLine], Field(min_length=1, max_length=500), at_most(500)]

    def receipt(self, received_at: datetime) -> GoodsReceipt:
        lines = tuple(SkuQuantity(line.sku, line.quantity) for line in self.lines)
        return GoodsReceipt(self.owner, self.reference, lines, received_at)


class ReceiptView(View):
    id: UUID
    reference: str
    owner: str
    lines: tuple[ReceiptLine, ...]
    received_at: datetime


class StockQuantities(View):
    """received = available + reserved + shipped + written_off."""

    received: int
    available: int
    reserved: int
    shipped: int
    written_off: int


class StockView(StockQuantities):
    owner: str
    sku: str


class StockPage(View):
    stock: tuple[StockView, ...]
    totals: StockQuantities
    next: str | None


def product_view(product: Product) -> ProductView:
    fields = asdict(product)
    value = {"amount": fields.pop("unit_value"), "currency": fields.pop("currency")}
    return ProductView.model_validate({**fields, "unit_value": value})


def receipt_view(receipt: GoodsReceipt) -> ReceiptView:
    return ReceiptView(
        id=receipt.id,
        reference=receipt.reference,
        owner=receipt.owner,
        lines=tuple(ReceiptLine(sku=line.sku, quantity=line.quantity) for line in receipt.lines),
        received_at=receipt.received_at,
    )


def stock_view(stock: StockOfOwner) -> StockView:
    return StockView(owner=stock.owner, sku=stock.sku, **asdict(stock.levels))
