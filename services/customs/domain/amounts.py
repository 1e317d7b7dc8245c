"""The money of an order, over its parcels. Pure.

A split never changes what is declared: the parts add up to the order, to the cent, in euros as in yuan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from contracts.base import Parcel
from contracts.orders import OrderPlaced
from services.customs.regimes.base import Sums

CENT = Decimal("0.01")


def of_order(placed: OrderPlaced) -> Sums:
    """The order's sums; its goods are what its lines say."""
    return Sums(
        goods=sum((line.unit_price.amount * line.quantity for line in placed.lines), Decimal("0.00")),
        freight=placed.freight.amount,
        insurance=placed.insurance.amount if placed.insurance else Decimal("0.00"),
        discount=placed.discount.amount,
        tax=placed.tax.amount,
        currency=placed.total.currency,
    )


def in_cny(sums: Sums, rate: Decimal) -> Sums:
    """The same in yuan, each sum to the fen, half up; `rate` is CNY for one EUR."""
    if sums.currency == "CNY":
        return sums
    goods, freight, insurance, tax, discount = (
        to_cent(amount * rate) for amount in (sums.goods, sums.freight, sums.insurance, sums.tax, sums.discount)
    )
    # Five roundings may leave a discount that is a fen above what it is taken from.
    return Sums(goods, freight, insurance, min(discount, goods + freight + insurance + tax), tax, "CNY")


def tax_by_line(placed: OrderPlaced, rate: Decimal) -> Mapping[int, Decimal]:
    """The tax that was collected for each line, CNY; empty unless the order states it for every line."""
    stated = {line.line: line.tax for line in placed.lines if line.tax is not None}
    if len(stated) < len(placed.lines):
        return {}
    return {line: tax.amount if tax.currency == "CNY" else to_cent(tax.amount * rate) for line, tax in stated.items()}


def goods_in_eur(placed: OrderPlaced, rate: Decimal) -> Decimal:
    """The value of the order's goods, not rounded; `rate` is CNY for one EUR."""
    sums = of_order(placed)
    return sums.goods if sums.currency == "EUR" else sums.goods / rate


def to_cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def goods_of(placed: OrderPlaced, parcel: Parcel) -> Decimal:
    """The value of what lies in the parcel, in the order's currency. KeyError: a line the order does not have."""
    prices = {line.line: line.unit_price.amount for line in placed.lines}
    return sum((prices[content.line] * content.quantity for content in parcel.contents), Decimal("0.00"))


def split(sums: Sums, goods: Sequence[Decimal]) -> list[Sums]:
    """The sums apportioned by the value of the goods in each part; every sum adds up, and no part is negative."""
    by_goods = apportion(sums.goods, goods)
    freight = apportion(sums.freight, goods)
    insurance = apportion(sums.insurance, goods)
    tax = apportion(sums.tax, goods)
    prices = [sum(parts, Decimal("0.00")) for parts in zip(by_goods, freight, insurance, tax, strict=True)]
    discount = apportion(sums.discount, goods, caps=prices)
    parts = zip(by_goods, freight, insurance, discount, tax, strict=True)
    return [Sums(*amounts, sums.currency) for amounts in parts]


def apportion(amount: Decimal, weights: Sequence[Decimal], caps: Sequence[Decimal] | None = None) -> list[Decimal]:
    """An amount in cents over parts by weight, by largest remainder (Hamilton): the parts add up to the amount.

    Equal remainders go by the parts' order; if all weights are zero the parts are equal. No part exceeds its cap.
    ValueError: no parts, a negative number, or caps that cannot hold the amount.
    """
    cents = _cents(amount)
    limits = [cents] * len(weights) if caps is None else [_cents(cap) for cap in caps]
    if not weights or cents < 0 or min(weights) < 0 or sum(limits) < cents:
        raise ValueError("these parts cannot hold the amount")
    if not cents:
        return [Decimal("0.00")] * len(weights)
    shares = [_cents(weight) for weight in weights]
    if not any(shares):
        shares = [1] * len(shares)
    if len(shares) == 1:
        return [Decimal(cents).scaleb(-2)]
    whole = sum(shares)
    parts = [min(cents * share // whole, limit) for share, limit in zip(shares, limits, strict=True)]
    left = cents - sum(parts)
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(cents * shares[i] % whole), i))
    for i in by_remainder:
        if left and parts[i] < limits[i]:
            parts[i] += 1
            left -= 1
    for i in by_remainder:
        more = min(left, limits[i] - parts[i])
        parts[i] += more
        left -= more
    return [Decimal(part).scaleb(-2) for part in parts]


def _cents(amount: Decimal) -> int:
    hundredfold = amount * 100
    cents = int(hundredfold)
    if cents != hundredfold:
        raise ValueError("an amount is in whole cents")
    return cents
