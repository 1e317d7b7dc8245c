"""The rules across the fields of a submitted order. Each is judged when all the fields that it needs are valid.

No message repeats personal data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from services.addresses.letters import can_be_spelt
from services.orders.domain.places import PlaceFault
from services.orders.domain.values import birth_date
from shared.faults import Fault

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far the clocks of a marketplace may be ahead of ours."""
MAX_AGE = timedelta(days=60)
"""An order or a payment older than this is a mistake."""


class Amount(Protocol):
    """An amount of money in a body."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class LineParts:
    """The parts of a line that the rules need; None stands for an invalid one."""

    sku: str | None
    quantity: int | None
    price: Amount | None
    tax: Amount | None = None
    states_tax: bool = False
    """Whether the line has one, valid or not."""


@dataclass(frozen=True, slots=True)
class OrderParts:
    """The parts of an order that the rules need; None stands for an invalid or missing one."""

    lines: tuple[LineParts, ...] | None
    amounts: Mapping[str, Amount | None]
    """By field: freight, discount, tax, total, payment.amount; insurance if the order has one."""
    place: tuple[str, str] | PlaceFault | None
    """City and district, or the rule that they break."""
    names: tuple[str, str | None] | None
    """The consignee's name, and how the shop spells it in Latin letters if it does."""
    resident_id: str | None
    times: Mapping[str, datetime | None]
    """By field: placed_at, payment.paid_at."""


def faults(parts: OrderParts, now: datetime) -> Iterator[Fault]:
    """Every rule across fields that this order breaks."""
    yield from _repeated_skus(parts)
    mixed = list(_mixed_currencies(parts))
    yield from mixed
    if not mixed:
        yield from _sums(parts)
        yield from _taxes(parts)
    yield from place_faults(parts.place)
    yield from _names(parts)
    yield from _times(parts, now)


def _repeated_skus(parts: OrderParts) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, line in enumerate(parts.lines or ()):
        if line.sku is None:
            continue
        if line.sku in seen:
            yield Fault(f"lines[{index}].sku", "sku_repeated", "Must occur in one line only: add the quantities up")
        seen.add(line.sku)


def _mixed_currencies(parts: OrderParts) -> Iterator[Fault]:
    currencies = {f"{name}.currency": money.currency for name, money in parts.amounts.items() if money}
    for index, line in enumerate(parts.lines or ()):
        if line.price:
            currencies[f"lines[{index}].unit_price.currency"] = line.price.currency
        if line.tax:
            currencies[f"lines[{index}].tax.currency"] = line.tax.currency
    expected = currencies.get("total.currency") or next(iter(currencies.values()), None)
    for field, currency in currencies.items():
        if currency != expected:
            yield Fault(field, "currency_mixed", f"Must be {expected}, as the rest of the order")


def _sums(parts: OrderParts) -> Iterator[Fault]:
    """What the shopper paid is goods + freight + insurance + tax - discount (CEB OrderHead), and is what the payment
    says."""
    money = parts.amounts
    total, paid = money["total"], money["payment.amount"]
    if total and paid and total.amount != paid.amount:
        yield Fault("payment.amount.amount", "payment_mismatch", "Must be the total of the order")
    discount, added = money["discount"], [money[name] for name in ("freight", "insurance", "tax") if name in money]
    values = [line.price.amount * line.quantity for line in parts.lines or () if line.price and line.quantity]
    if not (discount and all(added)) or not parts.lines or len(values) < len(parts.lines):
        return
    before_discount = sum((*values, *(part.amount for part in added if part)), Decimal(0))
    before = "lines + freight + insurance + tax" if "insurance" in money else "lines + freight + tax"
    if discount.amount > before_discount:
        yield Fault("discount.amount", "discount_exceeds", f"Must not be more than {before}")
    elif total and total.amount != before_discount - discount.amount:
        message = f"Must be {before} - discount, which is {before_discount - discount.amount}"
        yield Fault("total.amount", "sum_mismatch", message)


def _taxes(parts: OrderParts) -> Iterator[Fault]:
    """Stated by line, the tax is the sum of them."""
    lines = parts.lines or ()
    without = [index for index, line in enumerate(lines) if not line.states_tax]
    if len(without) == len(lines):
        return
    for index in without:
        yield Fault(
            f"lines[{index}].tax", "tax_not_on_every_line", "Must be there: other lines have one; or on no line"
        )
    taxes = [line.tax.amount for line in lines if line.tax]
    whole, total = sum(taxes, Decimal("0.00")), parts.amounts["tax"]
    if len(taxes) == len(lines) and total and total.amount != whole:
        yield Fault("tax.amount", "tax_mismatch", f"Must be the sum of the lines' tax, which is {whole}")


_PLACE_FAULTS: Mapping[PlaceFault, tuple[str, str]] = {
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


def place_faults(place: tuple[str, str] | PlaceFault | None) -> Iterator[Fault]:
    """The rule that the consignee's place breaks, if it breaks one."""
    if isinstance(place, str):
        field, message = _PLACE_FAULTS[place]
        yield Fault(f"consignee.address.{field}", place, message)


def _names(parts: OrderParts) -> Iterator[Fault]:
    """The label shows the name in Latin letters: as the shop spells it, or as its characters are read."""
    if parts.names is not None and parts.names[1] is None and not can_be_spelt(parts.names[0], as_name=True):
        yield Fault(
            "consignee.name_latin",
            "name_not_spellable",
            "Must be there: the label shows the name in Latin letters, and its characters have no reading that we know,"
            " e.g. Tenzin Gyatso",
        )


def _times(parts: OrderParts, now: datetime) -> Iterator[Fault]:
    for field, time in parts.times.items():
        if time and time > now + FUTURE_TOLERANCE:
            yield Fault(
                field,
                "in_future",
                "Must not lie in the future: with the offset of its clock, e.g. 2026-11-23T09:30:00+08:00",
            )
        elif time and time < now - MAX_AGE:
            yield Fault(field, "too_old", f"Must not be more than {MAX_AGE.days} days ago")
    if parts.resident_id and birth_date(parts.resident_id) > now.date():
        yield Fault(
            "buyer.resident_id",
            "resident_id_component",
            "Must hold a date of birth that has come, as digits 7 to 14: YYYYMMDD",
        )
