from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.net_content_body_unit import NetContentBodyUnit

T = TypeVar("T", bound="NetContentBody")


@_attrs_define
class NetContentBody:
    """What one unit holds, as printed on its package. China's tax on some goods depends on it.

    Attributes:
        amount (float | str): With two decimals at most.
        unit (NetContentBodyUnit):
    """

    amount: float | str
    unit: NetContentBodyUnit

    def to_dict(self) -> dict[str, Any]:
        amount: float | str
        amount = self.amount

        unit = self.unit.value

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

        def _parse_amount(data: object) -> float | str:
            return cast(float | str, data)

        amount = _parse_amount(d.pop("amount"))

        unit = NetContentBodyUnit(d.pop("unit"))

        net_content_body = cls(
            amount=amount,
            unit=unit,
        )

        return net_content_body
