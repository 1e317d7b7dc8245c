"""What the warehouse reads and answers over HTTP. Weights are grams, sides millimetres."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import pycountry
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from stdnum import ean
from stdnum.exceptions import ValidationError

from contracts.base import Code, Content, CountryCode, Currency, HsCode, Parcel, ParcelNumber, Sku
from services.warehouse.domain.packing import Box, Counted, Scanned
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
Grams = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Millimetres = Annotated[int, Field(ge=1, le=10_000, strict=True)]
Units = Annotated[int, Field(ge=1, le=999, strict=True)]
ReceivedUnits = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class Body(BaseModel):
    """A request's body: unknown fields are refused, so that a misspelt one is not lost in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(frozen=True)


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


class ReceiptView(View):
    id: UUID
    reference: str
    owner: str
    lines: tuple[ReceiptLine, ...]
    received_at: datetime


class Piles(View):
    """received = available + reserved + shipped + written_off."""

    received: int
    available: int
    reserved: int
    shipped: int
    written_off: int


class StockView(Piles):
    owner: str
    sku: str


class StockPage(View):
    stock: tuple[StockView, ...]
    totals: Piles
    next: str | None


class ScannedBody(Body):
    line: Annotated[int, Field(ge=1, le=99, strict=True)]
    sku: Sku
    quantity: Units


class BoxBody(Body):
    contents: Annotated[list[ScannedBody], Field(min_length=1, max_length=99), at_most(99)]
    weight_g: Grams
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres

    def box(self) -> Box:
        return Box(
            contents=tuple(Scanned(unit.line, unit.sku, unit.quantity) for unit in self.contents),
            weight_g=self.weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
        )


class PackBody(Body):
    parcels: Annotated[list[BoxBody], Field(min_length=1, max_length=99), at_most(99)]


class PackView(View):
    order_id: UUID
    packed_at: datetime
    parcels: tuple[Parcel, ...]


class ShortageBody(Body):
    sku: Sku
    quantity: Units
    reason: Literal["short_pick", "damaged"]


class ShortageView(View):
    order_id: UUID
    sku: str
    written_off: int
    replaced: bool
    """False: no other unit was there, the order is withdrawn."""
    stage: str


class HandOverBody(Body):
    tracking_number: Code


class HandOverView(View):
    order_id: UUID
    parcel: ParcelNumber
    tracking_number: str
    handed_over_at: datetime


class CountedBody(Body):
    sku: Sku
    quantity: Units

    def counted(self) -> Counted:
        return Counted(self.sku, self.quantity)


class ReturnBody(Body):
    sound: Annotated[list[CountedBody], Field(max_length=99), at_most(99)] = []
    damaged: Annotated[list[CountedBody], Field(max_length=99), at_most(99)] = []


class ReturnView(View):
    order_id: UUID
    parcel: ParcelNumber
    received_at: datetime
    sound: tuple[Content, ...]
    written_off: tuple[Content, ...]


class PickLine(View):
    line: int
    sku: str
    gtin: str | None
    quantity: int
    net_weight_g: int | None
    """Of one unit."""


class PickList(View):
    order_id: UUID
    number: str | None
    since: datetime
    lines: tuple[PickLine, ...]


class PickPage(View):
    pick_lists: tuple[PickList, ...]
    next: str | None


class HandOver(View):
    order_id: UUID
    number: str | None
    since: datetime
    parcel: int
    tracking_number: str


class HandOverPage(View):
    hand_overs: tuple[HandOver, ...]
    next: str | None


class ParcelState(View):
    parcel: Parcel
    tracking_number: str | None
    handed_over_at: datetime | None
    returned_at: datetime | None
    received_back_at: datetime | None


class OrderView(View):
    order_id: UUID
    number: str | None
    stage: str
    since: datetime
    lines: tuple[ScannedBody, ...]
    held: dict[str, int]
    """Units set aside for the order, by SKU."""
    withdrawn: str | None
    """The reason."""
    parcels: tuple[ParcelState, ...]
