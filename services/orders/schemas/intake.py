"""The checks at the door. Every fault of a body is named at once, each with its field and its rule.

Rules on one field are judged wherever that field stands; a rule across fields is judged when all the fields that it
needs are sound. No message repeats personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from contracts.base import Sku
from services.orders.domain.places import ISO_CODES, Unplaced, locate
from services.orders.domain.values import birth_date
from services.orders.schemas.body import (
    LINES_AT_MOST,
    District,
    Line,
    MoneyBody,
    OrderBody,
    PriceBody,
    Province,
    Quantity,
    ResidentId,
    TotalBody,
    When,
)
from services.orders.schemas.wording import in_words
from shared.http.problems import FieldError, field_errors

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far the clocks of a marketplace may be ahead of ours."""
OLDEST = timedelta(days=60)
"""An order or a payment older than this is a mistake."""
FAULTS_NAMED = 200

T = TypeVar("T")

_MONEY: TypeAdapter[MoneyBody] = TypeAdapter(MoneyBody)
_PRICE: TypeAdapter[PriceBody] = TypeAdapter(PriceBody)
_TOTAL: TypeAdapter[TotalBody] = TypeAdapter(TotalBody)
_SKU: TypeAdapter[str] = TypeAdapter(Sku)
_QUANTITY: TypeAdapter[int] = TypeAdapter(Quantity)
_PROVINCE: TypeAdapter[str] = TypeAdapter(Province)
_CITY: TypeAdapter[str] = TypeAdapter(Line)
_DISTRICT: TypeAdapter[str] = TypeAdapter(District)
_RESIDENT_ID: TypeAdapter[str] = TypeAdapter(ResidentId)
_WHEN: TypeAdapter[datetime | None] = TypeAdapter(When | None)


def check(body: object, now: datetime) -> OrderBody | list[FieldError]:
    """The order in the form in which it is kept (phone in E.164, places by their Chinese names), or every fault of the
    body, by field."""
    try:
        order = OrderBody.model_validate(body)
    except ValidationError as error:
        faults = field_errors(error.errors(include_url=False, include_context=False, include_input=False))
        return _in_order({*map(in_words, faults), *_across(_sound_parts(body), now)})[:FAULTS_NAMED]
    parts = _parts(order)
    return _in_order(_across(parts, now)) or _placed(order, parts.place)


def _in_order(faults: Iterable[FieldError]) -> list[FieldError]:
    return sorted(faults, key=lambda fault: (fault.field, fault.rule))


# --- what the rules across fields look at -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _LinePart:
    sku: str | None
    quantity: int | None
    price: MoneyBody | None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The sound parts of a body; None stands for one that is not."""

    lines: tuple[_LinePart, ...] | None
    amounts: Mapping[str, MoneyBody | None]
    place: tuple[str, str] | Unplaced | None
    """City and district, or the rule that they break."""
    resident_id: str | None
    times: Mapping[str, datetime | None]


def _placed(order: OrderBody, place: tuple[str, str] | Unplaced | None) -> OrderBody:
    """The order with city and district by their Chinese names."""
    consignee, address = order.consignee, order.consignee.address
    if not isinstance(place, tuple) or place == (address.city, address.district):
        return order
    address = address.model_copy(update=dict(zip(("city", "district"), place, strict=True)))
    return order.model_copy(update={"consignee": consignee.model_copy(update={"address": address})})


def _parts(order: OrderBody) -> _Parts:
    address = order.consignee.address
    return _Parts(
        lines=tuple(_LinePart(line.sku, line.quantity, line.unit_price) for line in order.lines),
        amounts={
            "freight": order.freight,
            "discount": order.discount,
            "tax": order.tax,
            "total": order.total,
            "payment.amount": order.payment.amount,
        },
        place=locate(order.province, address.city, address.district),
        resident_id=order.buyer.resident_id,
        times={"placed_at": order.placed_at, "payment.paid_at": order.payment.paid_at},
    )


def _sound_parts(body: object) -> _Parts:
    lines, address = _inside(body, "lines"), _inside(body, "consignee", "address")
    province, city = _sound(_PROVINCE, _inside(address, "province")), _sound(_CITY, _inside(address, "city"))
    # A district that is no text is a fault of its own; the city can be judged without it.
    district = _sound(_DISTRICT, _inside(address, "district")) or ""
    return _Parts(
        lines=tuple(map(_line_part, lines)) if isinstance(lines, list) and 0 < len(lines) <= LINES_AT_MOST else None,
        amounts={
            "freight": _sound(_MONEY, _inside(body, "freight")),
            "discount": _sound(_MONEY, _inside(body, "discount")),
            "tax": _sound(_MONEY, _inside(body, "tax")),
            "total": _sound(_TOTAL, _inside(body, "total")),
            "payment.amount": _sound(_TOTAL, _inside(body, "payment", "amount")),
        },
        place=locate(ISO_CODES[province], city, district) if province and city else None,
        resident_id=_sound(_RESIDENT_ID, _inside(body, "buyer", "resident_id")),
        times={
            "placed_at": _sound(_WHEN, _inside(body, "placed_at")),
            "payment.paid_at": _sound(_WHEN, _inside(body, "payment", "paid_at")),
        },
    )


def _line_part(line: object) -> _LinePart:
    return _LinePart(
        sku=_sound(_SKU, _inside(line, "sku")),
        quantity=_sound(_QUANTITY, _inside(line, "quantity")),
        price=_sound(_PRICE, _inside(line, "unit_price")),
    )


def _inside(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _sound(form: TypeAdapter[T], value: object) -> T | None:
    try:
        return form.validate_python(value)
    except ValidationError:
        return None


# --- the rules --------------------------------------------------------------------------------------------------


def _across(parts: _Parts, now: datetime) -> Iterator[FieldError]:
    yield from _repeated_skus(parts)
    mixed = list(_mixed_currencies(parts))
    yield from mixed
    if not mixed:
        yield from _sums(parts)
    yield from _place(parts)
    yield from _times(parts, now)


def _repeated_skus(parts: _Parts) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, line in enumerate(parts.lines or ()):
        if line.sku is None:
            continue
        if line.sku in seen:
            yield FieldError(
                f"lines[{index}].sku", "sku_repeated", "Must occur in one line only: add the quantities up"
            )
        seen.add(line.sku)


def _mixed_currencies(parts: _Parts) -> Iterator[FieldError]:
    stated = {f"{name}.currency": money.currency for name, money in parts.amounts.items() if money}
    for index, line in enumerate(parts.lines or ()):
        if line.price:
            stated[f"lines[{index}].unit_price.currency"] = line.price.currency
    expected = stated.get("total.currency") or next(iter(stated.values()), None)
    for field, currency in stated.items():
        if currency != expected:
            yield FieldError(field, "currency_mixed", f"Must be {expected}, as the rest of the order")


def _sums(parts: _Parts) -> Iterator[FieldError]:
    """What the shopper paid is goods + freight + tax - discount (CEB OrderHead), and is what the payment says."""
    money = parts.amounts
    total, paid = money["total"], money["payment.amount"]
    if total and paid and total.amount != paid.amount:
        yield FieldError("payment.amount.amount", "payment_mismatch", "Must be the total of the order")
    freight, discount, tax = money["freight"], money["discount"], money["tax"]
    values = [line.price.amount * line.quantity for line in parts.lines or () if line.price and line.quantity]
    if not (freight and discount and tax) or not parts.lines or len(values) < len(parts.lines):
        return
    before = sum(values, Decimal(0)) + freight.amount + tax.amount
    if discount.amount > before:
        yield FieldError("discount.amount", "discount_exceeds", "Must not be more than lines + freight + tax")
    elif total and total.amount != before - discount.amount:
        message = f"Must be lines + freight + tax - discount, which is {before - discount.amount}"
        yield FieldError("total.amount", "sum_mismatch", message)


_UNPLACED: Mapping[Unplaced, tuple[str, str]] = {
    "city_unknown": (
        "city",
        "Must be a city, prefecture or county of the province, by name in Chinese or pinyin or by code, "
        "e.g. 深圳市, Shenzhen or 440300; 市辖区 and the like only with a district of the list",
    ),
    "city_ambiguous": (
        "city",
        "Must name one place: several of the province are spelt so; give its name in Chinese or its code, e.g. 440300",
    ),
    "district_unknown": ("district", "Must be the code of a district or county of the city, e.g. 440305, or a name"),
}


def _place(parts: _Parts) -> Iterator[FieldError]:
    if isinstance(parts.place, str):
        field, message = _UNPLACED[parts.place]
        yield FieldError(f"consignee.address.{field}", parts.place, message)


def _times(parts: _Parts, now: datetime) -> Iterator[FieldError]:
    for field, at in parts.times.items():
        if at and at > now + FUTURE_TOLERANCE:
            yield FieldError(
                field,
                "in_future",
                "Must not lie in the future: with the offset of its clock, e.g. 2026-11-23T09:30:00+08:00",
            )
        elif at and at < now - OLDEST:
            yield FieldError(field, "too_old", f"Must not be more than {OLDEST.days} days ago")
    if parts.resident_id and birth_date(parts.resident_id) > now.date():
        yield FieldError(
            "buyer.resident_id",
            "resident_id_component",
            "Must hold a date of birth that has come, as digits 7 to 14: YYYYMMDD",
        )
