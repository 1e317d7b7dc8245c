"""The body of POST /orders, field by field. Rules across fields are in `intake`."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import phonenumbers
import pycountry
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from stdnum.cn import ric
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError

from contracts.base import Sku
from services.orders.places import PROVINCES, province_code
from shared.counts import at_most

LINES_AT_MOST = 99
CENT = Decimal("0.01")
HIGHEST_PRICE = Decimal(1_000_000)
HIGHEST_AMOUNT = Decimal(1_000_000_000)
HS_CHAPTERS = frozenset(range(1, 98)) - {77}
"""Chapters of the Harmonized System; 77 is reserved, 98 and 99 are for national use."""
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def _fault(rule: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(rule, message)


def _text(value: str) -> str:
    """Text as one line, in Unicode's normal form C, without blanks around it."""
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in text):
        raise _fault("control_character", "Must be one line of printable characters")
    if not text:
        raise _fault("blank", "Must not be blank")
    return text


def _amount(value: object) -> object:
    """A decimal as a string or a number, to the cent; never a sign, an exponent or a third decimal."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _fault("amount_type", 'Must be a decimal as a string or a number, e.g. "12.50"')
    if not _AMOUNT.fullmatch(str(value)):
        raise _fault("amount_form", "Must be a decimal from 0 on with two decimals at most")
    return Decimal(str(value)).quantize(CENT)


def _instant(value: object) -> object:
    """An instant in UTC; a number, or a time without its offset, is none."""
    if value is None:
        return None
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # of the form, but on no day of the calendar
    raise _fault("instant_form", "Must be an ISO 8601 date and time with its offset, e.g. 2026-11-23T09:30:00+08:00")


def _country(value: str) -> str:
    if pycountry.countries.get(alpha_2=value) is None or len(value) != 2 or not value.isupper():
        raise _fault("country_unknown", "Must be an ISO 3166-1 alpha-2 code")
    return value


def _destination(value: str) -> str:
    if _country(value) != "CN":
        raise _fault("destination_not_served", "Must be CN: we deliver in mainland China")
    return value


def _hs_chapter(value: str) -> str:
    if int(value[:2]) not in HS_CHAPTERS:
        raise _fault("hs_chapter", "Must begin with a chapter of the Harmonized System, 01 to 97")
    return value


def _province(value: str) -> str:
    match province_code(value):
        case None:
            raise _fault("province_unknown", "Must be a province of China, by name or ISO 3166-2 code")
        case "elsewhere":
            raise _fault("destination_not_served", "Must be a province of mainland China")
    return value


def _phone(value: str) -> str:
    """A Chinese number, in E.164."""
    try:
        number = phonenumbers.parse(value, "CN")
    except phonenumbers.NumberParseException:
        raise _fault("phone_invalid", "Must be a telephone number") from None
    if number.country_code != 86:
        raise _fault("phone_country", "Must be a number of mainland China (+86)")
    if not phonenumbers.is_valid_number(number) or len(str(number.national_number)) != 11:
        raise _fault("phone_invalid", "Must be a number that exists in China's plan, of eleven digits")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _resident_id(value: str) -> str:
    """GB 11643: eighteen characters, a known place, a date of birth, ISO 7064 mod 11-2."""
    try:
        number: str = ric.validate(value)
    except InvalidLength:
        raise _fault("resident_id_length", "Must have 18 characters") from None
    except InvalidFormat:
        raise _fault("resident_id_form", "Must be 17 digits and a digit or X") from None
    except InvalidChecksum:
        raise _fault("resident_id_checksum", "The check character is wrong") from None
    except ValidationError:
        raise _fault("resident_id_component", "The place or the date of birth does not exist") from None
    return number


def birth_date(number: str) -> date:
    """The date of birth in a valid resident id."""
    born: date = ric.get_birth_date(number)
    return born


class Body(BaseModel):
    """A part of a body: nothing unknown in it, nothing of it in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_text)]
Amount = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0, le=HIGHEST_AMOUNT)]
When = Annotated[AwareDatetime, BeforeValidator(_instant)]
Country = Annotated[str, AfterValidator(_country)]
Phone = Annotated[str, Field(min_length=5, max_length=30), AfterValidator(_phone)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=999)]
ResidentId = Annotated[str, Field(max_length=30), AfterValidator(_resident_id)]
Province = Annotated[str, Field(max_length=40), AfterValidator(_text), AfterValidator(_province)]
City = Annotated[str, Field(max_length=60), AfterValidator(_text)]
OrderNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]


class MoneyBody(Body):
    amount: Amount
    currency: Literal["EUR", "CNY"]


class PriceBody(MoneyBody):
    """What one unit costs; it is what customs is told, so it is never nothing."""

    amount: Annotated[Decimal, BeforeValidator(_amount), Field(gt=0, le=HIGHEST_PRICE)]


class TotalBody(MoneyBody):
    amount: Annotated[Decimal, BeforeValidator(_amount), Field(gt=0, le=HIGHEST_AMOUNT)]


class BuyerBody(Body):
    """Who bought, by real name, as Chinese customs asks for it."""

    name: Name
    phone: Phone
    resident_id: ResidentId


class AddressBody(Body):
    province: Province
    city: City
    district: Annotated[str, Field(max_length=60), AfterValidator(_text)] | Literal[""] = ""
    street: Annotated[str, Field(max_length=120), AfterValidator(_text)]
    postcode: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    country: Annotated[str, AfterValidator(_destination)]


class ConsigneeBody(Body):
    name: Name
    phone: Phone
    address: AddressBody


class LineBody(Body):
    sku: Sku
    description: Annotated[str, Field(max_length=64), AfterValidator(_text)]
    hs_code: Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{8}|[0-9]{10})$"), AfterValidator(_hs_chapter)]
    origin: Country
    quantity: Quantity
    unit_price: PriceBody


class PaymentBody(Body):
    provider: Name
    transaction_id: Name
    paid_at: When
    amount: TotalBody


class OrderBody(Body):
    """An order as a marketplace hands it over."""

    number: OrderNumber
    placed_at: When | None = None
    buyer: BuyerBody
    consignee: ConsigneeBody
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=LINES_AT_MOST), at_most(LINES_AT_MOST)]
    freight: MoneyBody
    discount: MoneyBody
    tax: MoneyBody
    total: TotalBody
    payment: PaymentBody
    language: Literal["zh", "fr", "en"] = "zh"

    @property
    def province(self) -> str:
        """ISO 3166-2."""
        code = province_code(self.consignee.address.province)
        assert code in PROVINCES  # noqa: S101  # checked with the field
        return str(code)
