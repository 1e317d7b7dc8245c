"""The validation of an order's body, and of a change's. Every fault is named at once, each with its field and its rule.

Rules on one field stand in `body` and `domain.values`, rules across fields in `domain.intake`. No message repeats
personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from contracts.base import Sku
from services.orders.domain.divisions import ISO_CODES
from services.orders.domain.intake import LineParts, OrderParts, faults, place_faults
from services.orders.domain.places import PlaceFault, locate
from services.orders.schemas.body import (
    MAX_LINES,
    AddressBody,
    ChangeBody,
    District,
    Instant,
    MoneyBody,
    OrderBody,
    PersonName,
    Province,
    Quantity,
    ResidentId,
    ShortText,
    TotalAmountBody,
    UnitPriceBody,
)
from services.orders.schemas.wording import describe
from shared.faults import Fault
from shared.http.problems import FAULTS_NAMED, field_errors

T = TypeVar("T")

_MONEY: TypeAdapter[MoneyBody] = TypeAdapter(MoneyBody)
_PRICE: TypeAdapter[UnitPriceBody] = TypeAdapter(UnitPriceBody)
_TOTAL: TypeAdapter[TotalAmountBody] = TypeAdapter(TotalAmountBody)
_SKU: TypeAdapter[str] = TypeAdapter(Sku)
_QUANTITY: TypeAdapter[int] = TypeAdapter(Quantity)
_PROVINCE: TypeAdapter[str] = TypeAdapter(Province)
_CITY: TypeAdapter[str] = TypeAdapter(ShortText)
_DISTRICT: TypeAdapter[str] = TypeAdapter(District)
_NAME: TypeAdapter[str] = TypeAdapter(PersonName)
_RESIDENT_ID: TypeAdapter[str] = TypeAdapter(ResidentId)
_INSTANT: TypeAdapter[datetime | None] = TypeAdapter(Instant | None)


def check(body: object, now: datetime) -> OrderBody | list[Fault]:
    """The order in the form in which it is kept (phone in E.164, places by their Chinese names), or every fault of the
    body, by field."""
    try:
        order = OrderBody.model_validate(body)
    except ValidationError as error:
        return _sorted({*map(describe, _field_errors(error)), *faults(_valid_parts(body), now)})[:FAULTS_NAMED]
    parts = _parts(order)
    return _sorted(faults(parts, now)) or _with_place(order, parts.place)


def _sorted(errors: Iterable[Fault]) -> list[Fault]:
    return sorted(errors, key=lambda error: (error.field, error.rule))


def check_change(body: object) -> ChangeBody | list[Fault]:
    """The change with its place by Chinese names, or every fault of the body, as `check`."""
    try:
        change = ChangeBody.model_validate(body)
    except ValidationError as error:
        return _sorted(map(describe, _field_errors(error)))[:FAULTS_NAMED]
    consignee, address = change.consignee, change.consignee.address
    if address is None:
        if consignee.phone is None:
            return [Fault("consignee", "nothing_to_change", "Must hold phone, address or both")]
        return change
    place = locate(ISO_CODES[address.province], address.city, address.district)
    if errors := list(place_faults(place)):
        return errors
    consignee = consignee.model_copy(update={"address": _located(address, place)})
    return change.model_copy(update={"consignee": consignee})


def _field_errors(error: ValidationError) -> list[Fault]:
    return field_errors(error.errors(include_url=False, include_context=False, include_input=False))


def _with_place(order: OrderBody, place: tuple[str, str] | PlaceFault | None) -> OrderBody:
    """The order with city and district by their Chinese names."""
    consignee, address = order.consignee, order.consignee.address
    located = _located(address, place)
    if located is address:
        return order
    return order.model_copy(update={"consignee": consignee.model_copy(update={"address": located})})


def _located(address: AddressBody, place: tuple[str, str] | PlaceFault | None) -> AddressBody:
    if not isinstance(place, tuple) or place == (address.city, address.district):
        return address
    return address.model_copy(update=dict(zip(("city", "district"), place, strict=True)))


def _parts(order: OrderBody) -> OrderParts:
    address = order.consignee.address
    return OrderParts(
        lines=tuple(
            LineParts(line.sku, line.quantity, line.unit_price, line.tax, line.tax is not None) for line in order.lines
        ),
        amounts={
            "freight": order.freight,
            **({"insurance": order.insurance} if order.insurance else {}),
            "discount": order.discount,
            "tax": order.tax,
            "total": order.total,
            "payment.amount": order.payment.amount,
        },
        place=locate(order.province, address.city, address.district),
        names=(order.consignee.name, order.consignee.name_latin),
        resident_id=order.buyer.resident_id,
        times={"placed_at": order.placed_at, "payment.paid_at": order.payment.paid_at},
    )


def _valid_parts(body: object) -> OrderParts:
    lines, address = _at(body, "lines"), _at(body, "consignee", "address")
    province, city = _valid(_PROVINCE, _at(address, "province")), _valid(_CITY, _at(address, "city"))
    # A district that is no text is a fault of its own; the city can be judged without it.
    district = _valid(_DISTRICT, _at(address, "district")) or ""
    return OrderParts(
        lines=tuple(map(_valid_line, lines)) if isinstance(lines, list) and 0 < len(lines) <= MAX_LINES else None,
        amounts={
            "freight": _valid(_MONEY, _at(body, "freight")),
            **({} if _at(body, "insurance") is None else {"insurance": _valid(_MONEY, _at(body, "insurance"))}),
            "discount": _valid(_MONEY, _at(body, "discount")),
            "tax": _valid(_MONEY, _at(body, "tax")),
            "total": _valid(_TOTAL, _at(body, "total")),
            "payment.amount": _valid(_TOTAL, _at(body, "payment", "amount")),
        },
        place=locate(ISO_CODES[province], city, district) if province and city else None,
        names=_valid_names(body),
        resident_id=_valid(_RESIDENT_ID, _at(body, "buyer", "resident_id")),
        times={
            "placed_at": _valid(_INSTANT, _at(body, "placed_at")),
            "payment.paid_at": _valid(_INSTANT, _at(body, "payment", "paid_at")),
        },
    )


def _valid_names(body: object) -> tuple[str, str | None] | None:
    """A spelling that is not valid is a fault of its own."""
    name, spelling = _valid(_NAME, _at(body, "consignee", "name")), _at(body, "consignee", "name_latin")
    return (name, str(spelling) if spelling is not None else None) if name is not None else None


def _valid_line(line: object) -> LineParts:
    return LineParts(
        sku=_valid(_SKU, _at(line, "sku")),
        quantity=_valid(_QUANTITY, _at(line, "quantity")),
        price=_valid(_PRICE, _at(line, "unit_price")),
        tax=_valid(_MONEY, _at(line, "tax")),
        states_tax=_at(line, "tax") is not None,
    )


def _at(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _valid(form: TypeAdapter[T], value: object) -> T | None:
    try:
        return form.validate_python(value)
    except ValidationError:
        return None
