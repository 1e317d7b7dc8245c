"""Money: one currency, whole cents, never less than nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.base import Money


def test_money_keeps_to_one_currency_and_to_the_cent() -> None:
    euro = Money(amount=Decimal("0.10"), currency="EUR")
    assert euro + euro * 2 == Money(amount=Decimal("0.30"), currency="EUR")
    with pytest.raises(ValueError, match="EUR with CNY"):
        euro + Money.zero("CNY")
    with pytest.raises(ValueError, match="decimal_max_places"):
        Money(amount=Decimal("0.001"), currency="EUR")
    with pytest.raises(ValueError, match="greater_than_equal"):
        euro - euro * 2
