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
from services.orders.body import (
    LINES_AT_MOST,
    City,
    MoneyBody,
    OrderBody,
    PriceBody,
    Province,
    Quantity,
    ResidentId,
    TotalBody,
    When,
    birth_date,
)
from services.orders.places import city_known, province_code
from shared.problems import FieldError, field_errors

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
_CITY: TypeAdapter[str] = TypeAdapter(City)
_RESIDENT_ID: TypeAdapter[str] = TypeAdapter(ResidentId)
_WHEN: TypeAdapter[datetime | None] = TypeAdapter(When | None)


def check(body: object, now: datetime) -> OrderBody | list[FieldError]:
    """The order, normalised (phone in E.164, resident id without blanks), or every fault of the body, by field."""
    try:
        order = OrderBody.model_validate(body)
    except ValidationError as error:
        faults = set(field_errors(error.errors(include_url=False, include_context=False, include_input=False)))
        return _in_order(faults | set(_across(_sound_parts(body), now)))[:FAULTS_NAMED]
    return _in_order(_across(_parts(order), now)) or order


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
    province: str | None
    city: str | None
    resident_id: str | None
    times: Mapping[str, datetime | None]


def _parts(order: OrderBody) -> _Parts:
    return _Parts(
        lines=tuple(_LinePart(line.sku, line.quantity, line.unit_price) for line in order.lines),
        amounts={
            "freight": order.freight,
            "discount": order.discount,
            "tax": order.tax,
            "total": order.total,
            "payment.amount": order.payment.amount,
        },
        province=order.consignee.address.province,
        city=order.consignee.address.city,
        resident_id=order.buyer.resident_id,
        times={"placed_at": order.placed_at, "payment.paid_at": order.payment.paid_at},
    )


def _sound_parts(body: object) -> _Parts:
    lines = _inside(body, "lines")
    return _Parts(
        lines=tuple(map(_line_part, lines)) if isinstance(lines, list) and 0 < len(lines) <= LINES_AT_MOST else None,
        amounts={
            "freight": _sound(_MONEY, _inside(body, "freight")),
            "discount": _sound(_MONEY, _inside(body, "discount")),
            "tax": _sound(_MONEY, _inside(body, "tax")),
            "total": _sound(_TOTAL, _inside(body, "total")),
            "payment.amount": _sound(_TOTAL, _inside(body, "payment", "amount")),
        },
        province=_sound(_PROVINCE, _inside(body, "consignee", "address", "province")),
        city=_sound(_CITY, _inside(body, "consignee", "address", "city")),
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
            yield FieldError(f"lines[{index}].sku", "sku_repeated", "Must occur in one line only")
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


def _place(parts: _Parts) -> Iterator[FieldError]:
    province = province_code(parts.province) if parts.province else None
    if province and parts.city and not city_known(province, parts.city):
        yield FieldError("consignee.address.city", "city_unknown", "Must be a city or prefecture of the province")


def _times(parts: _Parts, now: datetime) -> Iterator[FieldError]:
    for field, at in parts.times.items():
        if at and at > now + FUTURE_TOLERANCE:
            yield FieldError(field, "in_future", "Must not lie in the future")
        elif at and at < now - OLDEST:
            yield FieldError(field, "too_old", f"Must not be more than {OLDEST.days} days ago")
    if parts.resident_id and birth_date(parts.resident_id) > now.date():
        yield FieldError("buyer.resident_id", "resident_id_component", "The date of birth has not come yet")
