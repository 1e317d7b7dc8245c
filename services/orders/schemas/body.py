"""The body of POST /orders, field by field. Rules across fields are in `domain.intake`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

from contracts.base import Code, ContentUnit, Currency, Sku
from services.orders.domain import values
from services.orders.domain.divisions import ISO_CODES
from services.orders.domain.holds import HoldReason
from services.payments import TransactionId
from shared.http import models
from shared.http.amounts import amount
from shared.http.counts import at_most
from shared.http.lines import bounds, single_line

MAX_LINES = 99
MAX_PRICE = Decimal(1_000_000)
MAX_AMOUNT = Decimal(1_000_000_000)
MAX_CONTENT = Decimal(100_000)
MAX_DOCUMENTS = 5


class Body(models.Body):
    """A part of a body."""

    model_config = ConfigDict(strict=True)


ShortText = Annotated[str, AfterValidator(single_line(60)), bounds(60)]
PersonName = Annotated[ShortText, AfterValidator(values.person_name)]
Amount = Annotated[Decimal, Field(ge=0, le=MAX_AMOUNT), BeforeValidator(amount)]
Instant = Annotated[AwareDatetime, BeforeValidator(values.instant)]
Country = Annotated[str, AfterValidator(values.country)]
Phone = Annotated[str, Field(min_length=5, max_length=40), AfterValidator(values.phone)]
LabelPhone = Annotated[Phone, AfterValidator(values.label_phone)]
LatinName = Annotated[ShortText, AfterValidator(values.latin_name)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=999)]
ResidentId = Annotated[str, Field(max_length=40), AfterValidator(values.resident_id)]
Province = Annotated[ShortText, AfterValidator(values.province)]
District = Annotated[str, AfterValidator(single_line(60, blank=True)), bounds(60, 0)]
OrderNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]


class MoneyBody(Body):
    """An amount to the cent."""

    amount: Amount
    """With two decimals at most, as in `12.50`; better a text than a number."""
    currency: Currency


class UnitPriceBody(MoneyBody):
    """The price of a unit, which is declared to customs: above zero."""

    amount: Annotated[Decimal, Field(gt=0, le=MAX_PRICE), BeforeValidator(amount)]


class TotalAmountBody(MoneyBody):
    """What an order costs, or what was paid for it: above zero."""

    amount: Annotated[Decimal, Field(gt=0, le=MAX_AMOUNT), BeforeValidator(amount)]


class BuyerBody(Body):
    """The buyer by real name, as Chinese customs requires."""

    name: PersonName
    """As on the identity card."""
    phone: Phone
    """A mobile or fixed-line number of mainland China."""
    resident_id: ResidentId
    """The 18 characters of the resident identity card, whose last one is their check digit."""


class AddressBody(Body):
    """An address in mainland China."""

    province: Province
    """By name in Chinese or pinyin, or by code: ISO 3166-2 or GB/T 2260."""
    city: ShortText
    district: District = ""
    """Empty where there is none."""
    street: Annotated[str, AfterValidator(single_line(120)), AfterValidator(values.spellable), bounds(120)]
    postcode: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    country: Annotated[str, AfterValidator(values.destination)]
    """`CN`."""


class ConsigneeBody(Body):
    """Who receives the parcels, and where."""

    name: PersonName
    name_latin: LatinName | None = None
    """How the name is spelt in Latin letters, as the label shows it; left out, it is spelt by the reading of its
    characters."""
    phone: LabelPhone
    address: AddressBody


class NetContentBody(Body):
    """What one unit holds, as printed on its package. China's tax on some goods depends on it."""

    amount: Annotated[Decimal, Field(gt=0, le=MAX_CONTENT), BeforeValidator(amount)]
    """With two decimals at most."""
    unit: ContentUnit


class SupportingDocumentBody(Body):
    """A permit for goods that do not leave the European Union without one, or a statement that they need none."""

    type: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z][0-9]{2}$")]
    """Of the EU's list: C400 a CITES permit, Y900 none needed; X002 a dual-use authorisation, Y901 none needed."""
    number: Code | None = None
    """Of the permit; a statement has none."""


Documents = Annotated[
    tuple[SupportingDocumentBody, ...], Field(max_length=MAX_DOCUMENTS, strict=False), at_most(MAX_DOCUMENTS)
]


class LineBody(Body):
    """A line of an order. Its place in the list, from 1, is its number."""

    sku: Sku
    """The article, by the number under which its owner has stated it to the warehouse."""
    description: Annotated[str, AfterValidator(single_line(64)), bounds(64)]
    """What the goods are, as customs is to read it."""
    hs_code: Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{8}|[0-9]{10})$"), AfterValidator(values.hs_chapter)]
    """Of the Harmonized System: 6 digits, 8 in the European Union, 10 in China."""
    origin: Country
    """The country in which the goods were made, ISO 3166-1 alpha-2."""
    quantity: Quantity
    unit_price: UnitPriceBody
    """Without tax."""
    content: NetContentBody | None = None
    """Left out, the tax of goods that depends on it is not known before customs asks for it."""
    documents: Documents = ()
    tax: MoneyBody | None = None
    """What you collect of China's tax for the whole line, with its share for freight and insurance by the value of the
    goods: on every line, or on none. With it what is due is compared line by line, else as a sum."""


class PaymentBody(Body):
    """How the shopper has paid: Chinese customs compares it with the order."""

    provider: ShortText
    """As `alipay`."""
    transaction_id: TransactionId
    """The provider's."""
    paid_at: Instant
    """With its offset."""
    amount: TotalAmountBody
    """The order's total."""


class OrderBody(Body):
    """An order as a marketplace submits it."""

    number: OrderNumber
    """The marketplace's own; it is accepted once."""
    placed_at: Instant | None = None
    """When the shopper placed it, with its offset; left out, it is the time at which it is accepted."""
    buyer: BuyerBody
    consignee: ConsigneeBody
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MAX_LINES), at_most(MAX_LINES)]
    freight: MoneyBody
    insurance: MoneyBody | None = None
    """Of the carriage; left out, there is none."""
    discount: MoneyBody
    tax: MoneyBody
    total: TotalAmountBody
    """The sum of the lines, freight, insurance and tax, less the discount."""
    payment: PaymentBody
    language: Literal["zh", "fr", "en"] = "zh"
    """In which the shopper reads."""

    @property
    def province(self) -> str:
        """ISO 3166-2."""
        return ISO_CODES[self.consignee.address.province]


class ConsigneeChangeBody(Body):
    """What is to be different of the consignee; what is left out, or null, stays."""

    phone: LabelPhone | None = None
    address: AddressBody | None = None
    """The whole address, in the order's province."""


class ChangeBody(Body):
    """A change of an order. Name, buyer and goods cannot be changed: cancel the order and place another."""

    consignee: ConsigneeChangeBody


class HoldBody(Body):
    """Why the order is to be held."""

    reason: HoldReason


class ResolutionBody(Body):
    """How a person has closed a case, in a word."""

    resolution: Code
    """As `seen`: no spaces, no personal data."""
