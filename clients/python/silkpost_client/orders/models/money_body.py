from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.money_body_currency import MoneyBodyCurrency

T = TypeVar("T", bound="MoneyBody")


@_attrs_define
class MoneyBody:
    """An amount to the cent.

    Attributes:
        amount (float | str): With two decimals at most, as in `12.50`; better a text than a number.
        currency (MoneyBodyCurrency):
    """

    amount: float | str
    currency: MoneyBodyCurrency

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

        currency = MoneyBodyCurrency(d.pop("currency"))

        money_body = cls(
            amount=amount,
            currency=currency,
        )

        return money_body
