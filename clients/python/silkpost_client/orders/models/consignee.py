from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

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
        name_latin (None | str | Unset): How the name is spelt in Latin letters, as the label shows it; left out, it is
            spelt by the reading of its
            characters.
    """

    address: Address
    name: str
    phone: str
    name_latin: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        address = self.address.to_dict()

        name = self.name

        phone = self.phone

        name_latin: None | str | Unset
        if isinstance(self.name_latin, Unset):
            name_latin = UNSET
        else:
            name_latin = self.name_latin

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "address": address,
                "name": name,
                "phone": phone,
            }
        )
        if name_latin is not UNSET:
            field_dict["name_latin"] = name_latin

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.address import Address

        d = dict(src_dict)
        address = Address.from_dict(d.pop("address"))

        name = d.pop("name")

        phone = d.pop("phone")

        def _parse_name_latin(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name_latin = _parse_name_latin(d.pop("name_latin", UNSET))

        consignee = cls(
            address=address,
            name=name,
            phone=phone,
            name_latin=name_latin,
        )

        return consignee
