"""Money over parcels: whatever the split, it adds up to the cent and no part is negative."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customs.domain.amounts import apportion, in_cny, split
from services.customs.domain.tax import parts
from services.customs.regimes.base import Sums
from services.customs.regimes.taxes import LineTax, Tax

cents = st.integers(0, 2_000_000).map(lambda amount: Decimal(amount).scaleb(-2))
weights = st.lists(cents, min_size=1, max_size=12)
rates = st.integers(60_000, 100_000).map(lambda rate: Decimal(rate).scaleb(-4))


@st.composite
def sums_and_goods(draw: st.DrawFn) -> tuple[Sums, list[Decimal]]:
    goods = draw(weights)
    freight, insurance, tax = draw(cents), draw(cents), draw(cents)
    whole = sum(goods, Decimal(0))
    discount = draw(st.decimals(0, whole + freight + insurance + tax, places=2))
    return Sums(whole, freight, insurance, discount, tax, "EUR"), goods


@given(cents, weights)
def test_the_parts_add_up(amount: Decimal, shares: list[Decimal]) -> None:
    assert sum(apportion(amount, shares)) == amount


@given(cents, weights)
def test_no_part_is_a_cent_away_from_its_exact_share(amount: Decimal, shares: list[Decimal]) -> None:
    whole = sum(shares)
    if whole:
        for part, share in zip(apportion(amount, shares), shares, strict=True):
            assert abs(part - amount * share / whole) < Decimal("0.01")


@given(sums_and_goods())
def test_a_split_order_adds_up_in_every_sum(order: tuple[Sums, list[Decimal]]) -> None:
    sums, goods = order
    parts = split(sums, goods)
    for name in ("goods", "freight", "insurance", "discount", "tax", "total", "taxable"):
        assert sum(getattr(part, name) for part in parts) == getattr(sums, name)
    assert [part.goods for part in parts] == goods
    assert all(part.total >= 0 and part.discount >= 0 for part in parts)


@given(sums_and_goods(), rates)
def test_it_adds_up_in_yuan_too(order: tuple[Sums, list[Decimal]], rate: Decimal) -> None:
    sums, goods = order
    cny = in_cny(sums, rate)
    parts = split(cny, goods)
    assert sum(part.total for part in parts) == cny.total
    assert all(part.total >= 0 for part in parts)
    assert abs(cny.total - sums.total * rate) < Decimal("0.03")


@given(weights, st.data())
def test_no_part_exceeds_its_cap(caps: list[Decimal], data: st.DataObject) -> None:
    amount = data.draw(st.decimals(0, sum(caps), places=2))
    shares = data.draw(st.lists(cents, min_size=len(caps), max_size=len(caps)))
    parts = apportion(amount, shares, caps)
    assert sum(parts) == amount
    assert all(0 <= part <= cap for part, cap in zip(parts, caps, strict=True))


def test_equal_remainders_go_by_the_parts_order() -> None:
    thirds = apportion(Decimal("1.00"), [Decimal(1), Decimal(1), Decimal(1)])
    assert thirds == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]


def test_goods_without_value_share_equally() -> None:
    assert apportion(Decimal("3.00"), [Decimal(0), Decimal(0)]) == [Decimal("1.50"), Decimal("1.50")]


def test_yuan_stay_as_they_are() -> None:
    sums = Sums(Decimal(10), Decimal(1), Decimal(0), Decimal(0), Decimal(1), "CNY")
    assert in_cny(sums, Decimal("8.3591")) is sums


@pytest.mark.parametrize(
    ("amount", "shares", "caps"),
    [
        ("1.00", [], None),
        ("-1.00", ["1.00"], None),
        ("1.00", ["-1.00"], None),
        ("1.00", ["1.00"], ["0.99"]),
        ("0.005", ["1.00"], None),
    ],
)
def test_what_cannot_be_apportioned(amount: str, shares: list[str], caps: list[str] | None) -> None:
    with pytest.raises(ValueError, match="amount"):
        apportion(Decimal(amount), [Decimal(s) for s in shares], None if caps is None else [Decimal(c) for c in caps])


@st.composite
def taxes_and_goods(draw: st.DrawFn) -> tuple[Tax, list[list[Decimal]]]:
    """The tax of some lines, and the value of each line's goods in each parcel."""
    due = draw(st.lists(cents, min_size=1, max_size=6))
    lines = tuple(
        LineTax(number, f"S-{number}", "3304990039", amount, vat=amount) for number, amount in enumerate(due, start=1)
    )
    waived = draw(st.sampled_from([Decimal("0.00"), sum(due, Decimal("0.00"))]))
    parcels = draw(st.lists(st.lists(cents, min_size=len(due), max_size=len(due)), min_size=1, max_size=5))
    return Tax(lines, waived), parcels


@given(taxes_and_goods())
def test_the_tax_of_the_parcels_adds_up_to_the_fen(order: tuple[Tax, list[list[Decimal]]]) -> None:
    tax, goods = order
    shares = parts(tax, goods)
    assert sum(shares) == tax.due
    assert all(share >= 0 for share in shares)


def test_two_parcels_of_one_line_share_its_tax_by_their_goods() -> None:
    """630.00 and 420.00 of 1,050.00 at 9.1 %."""
    tax = Tax((LineTax(1, "S-1", "3304990039", Decimal("1050.00"), vat=Decimal("95.55")),))
    assert parts(tax, [[Decimal("600.00")], [Decimal("400.00")]]) == [Decimal("57.33"), Decimal("38.22")]
