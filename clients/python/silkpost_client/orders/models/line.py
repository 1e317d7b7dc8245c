from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.money import Money


T = TypeVar("T", bound="Line")


@_attrs_define
class Line:
    """A line of an order.

    Attributes:
        description (str):
        hs_code (str): Of the Harmonized System: 6, 8 or 10 digits.
        line (int): Its place in the order, from 1.
        origin (str): The country in which the goods were made, ISO 3166-1 alpha-2.
        quantity (int):
        sku (str):
        unit_price (Money): An amount to the cent.
    """

    description: str
    hs_code: str
    line: int
    origin: str
    quantity: int
    sku: str
    unit_price: Money

    def to_dict(self) -> dict[str, Any]:
        description = self.description

        hs_code = self.hs_code

        line = self.line

        origin = self.origin

        quantity = self.quantity

        sku = self.sku

        unit_price = self.unit_price.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "description": description,
                "hs_code": hs_code,
                "line": line,
                "origin": origin,
                "quantity": quantity,
                "sku": sku,
                "unit_price": unit_price,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.money import Money

        d = dict(src_dict)
        description = d.pop("description")

        hs_code = d.pop("hs_code")

        line = d.pop("line")

        origin = d.pop("origin")

        quantity = d.pop("quantity")

        sku = d.pop("sku")

        unit_price = Money.from_dict(d.pop("unit_price"))

        line = cls(
            description=description,
            hs_code=hs_code,
            line=line,
            origin=origin,
            quantity=quantity,
            sku=sku,
            unit_price=unit_price,
        )

        return line
