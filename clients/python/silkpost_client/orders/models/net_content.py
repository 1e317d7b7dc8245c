from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="NetContent")


@_attrs_define
class NetContent:
    """What one unit holds, as printed on its package.

    Attributes:
        amount (str):
        unit (str): `g`, `ml` or `piece`.
    """

    amount: str
    unit: str

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount

        unit = self.unit

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "amount": amount,
                "unit": unit,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        amount = d.pop("amount")

        unit = d.pop("unit")

        net_content = cls(
            amount=amount,
            unit=unit,
        )

        return net_content
