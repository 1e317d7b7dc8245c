from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.cancellation import Cancellation


T = TypeVar("T", bound="OrderCancellation")


@_attrs_define
class OrderCancellation:
    """An order that someone has asked to cancel.

    Attributes:
        cancel (Cancellation): What became of the wish to cancel an order.
        id (str): The order's.
    """

    cancel: Cancellation
    id: str

    def to_dict(self) -> dict[str, Any]:
        cancel = self.cancel.to_dict()

        id = self.id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cancel": cancel,
                "id": id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.cancellation import Cancellation

        d = dict(src_dict)
        cancel = Cancellation.from_dict(d.pop("cancel"))

        id = d.pop("id")

        order_cancellation = cls(
            cancel=cancel,
            id=id,
        )

        return order_cancellation
