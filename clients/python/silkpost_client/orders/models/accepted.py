from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Accepted")


@_attrs_define
class Accepted:
    """An accepted order. `tracking_url` holds the order's secret.

    Attributes:
        id (str):
        marketplace (str):
        number (str):
        tracking_url (str):
    """

    id: str
    marketplace: str
    number: str
    tracking_url: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        marketplace = self.marketplace

        number = self.number

        tracking_url = self.tracking_url

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "marketplace": marketplace,
                "number": number,
                "tracking_url": tracking_url,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id")

        marketplace = d.pop("marketplace")

        number = d.pop("number")

        tracking_url = d.pop("tracking_url")

        accepted = cls(
            id=id,
            marketplace=marketplace,
            number=number,
            tracking_url=tracking_url,
        )

        return accepted
