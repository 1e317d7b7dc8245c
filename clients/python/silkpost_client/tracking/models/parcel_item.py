from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ParcelItem")


@_attrs_define
class ParcelItem:
    """Units of one order line in a parcel.

    Attributes:
        quantity (int):
        sku (str):
        description (None | str | Unset): In the shop's own words.
        hs_code (None | str | Unset): The goods' code in the Harmonized System, by which the page names them in the
            reader's language.
    """

    quantity: int
    sku: str
    description: None | str | Unset = UNSET
    hs_code: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        quantity = self.quantity

        sku = self.sku

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        hs_code: None | str | Unset
        if isinstance(self.hs_code, Unset):
            hs_code = UNSET
        else:
            hs_code = self.hs_code

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "quantity": quantity,
                "sku": sku,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if hs_code is not UNSET:
            field_dict["hs_code"] = hs_code

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        quantity = d.pop("quantity")

        sku = d.pop("sku")

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        def _parse_hs_code(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hs_code = _parse_hs_code(d.pop("hs_code", UNSET))

        parcel_item = cls(
            quantity=quantity,
            sku=sku,
            description=description,
            hs_code=hs_code,
        )

        return parcel_item
