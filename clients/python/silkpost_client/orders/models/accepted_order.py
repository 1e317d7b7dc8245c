from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="AcceptedOrder")


@_attrs_define
class AcceptedOrder:
    """An accepted order.

    Attributes:
        id (str): A UUID, the same whenever this number is placed again.
        marketplace (str): Whose order it is: the name of its key.
        number (str): The marketplace's own.
        tracking_url (str): Where the shopper follows the order; it holds the order's secret.
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

        accepted_order = cls(
            id=id,
            marketplace=marketplace,
            number=number,
            tracking_url=tracking_url,
        )

        return accepted_order
