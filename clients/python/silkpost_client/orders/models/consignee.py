from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.address import Address


T = TypeVar("T", bound="Consignee")


@_attrs_define
class Consignee:
    """Who receives the parcels, and where.

    Attributes:
        address (Address): An address in mainland China.
        name (str):
        phone (str):
    """

    address: Address
    name: str
    phone: str

    def to_dict(self) -> dict[str, Any]:
        address = self.address.to_dict()

        name = self.name

        phone = self.phone

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "address": address,
                "name": name,
                "phone": phone,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.address import Address

        d = dict(src_dict)
        address = Address.from_dict(d.pop("address"))

        name = d.pop("name")

        phone = d.pop("phone")

        consignee = cls(
            address=address,
            name=name,
            phone=phone,
        )

        return consignee
