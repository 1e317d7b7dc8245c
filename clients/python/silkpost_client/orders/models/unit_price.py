from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.unit_price_currency import UnitPriceCurrency

T = TypeVar("T", bound="UnitPrice")


@_attrs_define
class UnitPrice:
    """The price of a unit, which is declared to customs: above zero.

    Attributes:
        amount (float | str):
        currency (UnitPriceCurrency):
    """

    amount: float | str
    currency: UnitPriceCurrency

    def to_dict(self) -> dict[str, Any]:
        amount: float | str
        amount = self.amount

        currency = self.currency.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "amount": amount,
                "currency": currency,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_amount(data: object) -> float | str:
            return cast(float | str, data)

        amount = _parse_amount(d.pop("amount"))

        currency = UnitPriceCurrency(d.pop("currency"))

        unit_price = cls(
            amount=amount,
            currency=currency,
        )

        return unit_price
