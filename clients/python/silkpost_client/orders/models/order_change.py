from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.change import Change


T = TypeVar("T", bound="OrderChange")


@_attrs_define
class OrderChange:
    """A change of an order.

    Attributes:
        change (Change): A change of the consignee's phone or address. To what it was changed is shown to nobody.
        id (str): The order's.
    """

    change: Change
    id: str

    def to_dict(self) -> dict[str, Any]:
        change = self.change.to_dict()

        id = self.id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "change": change,
                "id": id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.change import Change

        d = dict(src_dict)
        change = Change.from_dict(d.pop("change"))

        id = d.pop("id")

        order_change = cls(
            change=change,
            id=id,
        )

        return order_change
