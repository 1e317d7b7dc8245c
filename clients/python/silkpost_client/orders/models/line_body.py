from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.unit_price import UnitPrice


T = TypeVar("T", bound="LineBody")


@_attrs_define
class LineBody:
    """A line of an order. Its place in the list, from 1, is its number.

    Attributes:
        description (str): What the goods are, as customs is to read it.
        hs_code (str): Of the Harmonized System: 6 digits, 8 in the European Union, 10 in China.
        origin (str): The country in which the goods were made, ISO 3166-1 alpha-2.
        quantity (int):
        sku (str): The article, by the number under which its owner has stated it to the warehouse.
        unit_price (UnitPrice): The price of a unit, which is declared to customs: above zero.
    """

    description: str
    hs_code: str
    origin: str
    quantity: int
    sku: str
    unit_price: UnitPrice

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
        from ..models.unit_price import UnitPrice

        d = dict(src_dict)
        description = d.pop("description")

        hs_code = d.pop("hs_code")

        origin = d.pop("origin")

        quantity = d.pop("quantity")

        sku = d.pop("sku")

        unit_price = UnitPrice.from_dict(d.pop("unit_price"))

        line_body = cls(
            description=description,
            hs_code=hs_code,
            origin=origin,
            quantity=quantity,
            sku=sku,
            unit_price=unit_price,
        )

        return line_body
