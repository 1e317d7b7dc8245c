from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.hold import Hold


T = TypeVar("T", bound="OrderHold")


@_attrs_define
class OrderHold:
    """A hold of an order.

    Attributes:
        hold (Hold): A hold: while it is open the order is not packed, and no deadline of it passes.
        id (str): The order's.
    """

    hold: Hold
    id: str

    def to_dict(self) -> dict[str, Any]:
        hold = self.hold.to_dict()

        id = self.id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "hold": hold,
                "id": id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.hold import Hold

        d = dict(src_dict)
        hold = Hold.from_dict(d.pop("hold"))

        id = d.pop("id")

        order_hold = cls(
            hold=hold,
            id=id,
        )

        return order_hold
