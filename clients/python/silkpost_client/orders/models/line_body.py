from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.price import Price


T = TypeVar("T", bound="LineBody")


@_attrs_define
class LineBody:
    """
    Attributes:
        description (str):
        hs_code (str):
        origin (str):
        quantity (int):
        sku (str):
        unit_price (Price): The price of a unit, which is declared to customs: above zero.
    """

    description: str
    hs_code: str
    origin: str
    quantity: int
    sku: str
    unit_price: Price

    def to_dict(self) -> dict[str, Any]:
        description = self.description

        hs_code = self.hs_code

        origin = self.origin

        quantity = self.quantity

        sku = self.sku

        unit_price = self.unit_price.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "description": description,
                "hs_code": hs_code,
                "origin": origin,
                "quantity": quantity,
                "sku": sku,
                "unit_price": unit_price,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.price import Price

        d = dict(src_dict)
        description = d.pop("description")

        hs_code = d.pop("hs_code")

        origin = d.pop("origin")

        quantity = d.pop("quantity")

        sku = d.pop("sku")

        unit_price = Price.from_dict(d.pop("unit_price"))

        line_body = cls(
            description=description,
            hs_code=hs_code,
            origin=origin,
            quantity=quantity,
            sku=sku,
            unit_price=unit_price,
        )

        return line_body
