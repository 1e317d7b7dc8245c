"""The body of POST /orders, field by field. Rules across fields are in `domain.intake`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from contracts.base import Code, Sku
from services.orders.domain import values
from services.orders.domain.divisions import ISO_CODES
from shared.http.amounts import amount
from shared.http.counts import at_most

MAX_LINES = 99
MAX_PRICE = Decimal(1_000_000)
MAX_AMOUNT = Decimal(1_000_000_000)


class Body(BaseModel):
    """A part of a body. Unknown fields are refused; no error repeats a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


def _bounds(max_length: int, min_length: int = 1) -> Any:
    """The bounds of a text for OpenAPI; they are judged on its normalised form, by `values.single_line`."""
    return Field(json_schema_extra={"minLength": min_length, "maxLength": max_length})


ShortText = Annotated[str, AfterValidator(values.single_line(60)), _bounds(60)]
PersonName = Annotated[ShortText, AfterValidator(values.person_name)]
Amount = Annotated[Decimal, Field(ge=0, le=MAX_AMOUNT), BeforeValidator(amount)]
Instant = Annotated[AwareDatetime, BeforeValidator(values.instant)]
Country = Annotated[str, AfterValidator(values.country)]
Phone = Annotated[str, Field(min_length=5, max_length=40), AfterValidator(values.phone)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=999)]
ResidentId = Annotated[str, Field(max_length=40), AfterValidator(values.resident_id)]
Province = Annotated[ShortText, AfterValidator(values.province)]
District = Annotated[str, AfterValidator(values.single_line(60, blank=True)), _bounds(60, 0)]
OrderNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]


class MoneyBody(Body):
    amount: Amount
    currency: Literal["EUR", "CNY"]


class PriceBody(MoneyBody):
    """The price of a unit, which is declared to customs: above zero."""

    amount: Annotated[Decimal, Field(gt=0, le=MAX_PRICE), BeforeValidator(amount)]


class TotalBody(MoneyBody):
    amount: Annotated[Decimal, Field(gt=0, le=MAX_AMOUNT), BeforeValidator(amount)]


class BuyerBody(Body):
    """The buyer by real name, as Chinese customs requires."""

    name: PersonName
    phone: Phone
    resident_id: ResidentId


class AddressBody(Body):
    province: Province
    city: ShortText
    district: District = ""
    street: Annotated[str, AfterValidator(values.single_line(120)), _bounds(120)]
    postcode: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    country: Annotated[str, AfterValidator(values.destination)]


class ConsigneeBody(Body):
    name: PersonName
    phone: Phone
    address: AddressBody


class LineBody(Body):
    sku: Sku
    description: Annotated[str, AfterValidator(values.single_line(64)), _bounds(64)]
    hs_code: Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{8}|[0-9]{10})$"), AfterValidator(values.hs_chapter)]
    origin: Country
    quantity: Quantity
    unit_price: PriceBody


class PaymentBody(Body):
    provider: ShortText
    transaction_id: ShortText
    paid_at: Instant
    amount: TotalBody


class OrderBody(Body):
    """An order as a marketplace submits it."""

    number: OrderNumber
    placed_at: Instant | None = None
    buyer: BuyerBody
    consignee: ConsigneeBody
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MAX_LINES), at_most(MAX_LINES)]
    freight: MoneyBody
    discount: MoneyBody
    tax: MoneyBody
    total: TotalBody
    payment: PaymentBody
    language: Literal["zh", "fr", "en"] = "zh"

    @property
    def province(self) -> str:
        """ISO 3166-2."""
        return ISO_CODES[self.consignee.address.province]


class ResolutionBody(Body):
    """How a person has closed a case, in a word."""

    resolution: Code
