from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.consignee_change import ConsigneeChange


T = TypeVar("T", bound="ChangeBody")


@_attrs_define
class ChangeBody:
    """A change of an order. Name, buyer and goods cannot be changed: cancel the order and place another.

    Attributes:
        consignee (ConsigneeChange): What is to be different of the consignee; what is left out, or null, stays.
    """

    consignee: ConsigneeChange

    def to_dict(self) -> dict[str, Any]:
        consignee = self.consignee.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "consignee": consignee,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.consignee_change import ConsigneeChange

        d = dict(src_dict)
        consignee = ConsigneeChange.from_dict(d.pop("consignee"))

        change_body = cls(
            consignee=consignee,
        )

        return change_body
