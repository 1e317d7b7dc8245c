from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Buyer")


@_attrs_define
class Buyer:
    """The buyer by real name, as Chinese customs requires.

    Attributes:
        name (str): As on the identity card.
        phone (str): A mobile or fixed-line number of mainland China.
        resident_id (str): The 18 characters of the resident identity card, whose last one is their check digit.
    """

    name: str
    phone: str
    resident_id: str

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        phone = self.phone

        resident_id = self.resident_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "phone": phone,
                "resident_id": resident_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        name = d.pop("name")

        phone = d.pop("phone")

        resident_id = d.pop("resident_id")

        buyer = cls(
            name=name,
            phone=phone,
            resident_id=resident_id,
        )

        return buyer
