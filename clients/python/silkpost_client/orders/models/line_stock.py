from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="LineStock")


@_attrs_define
class LineStock:
    """Whether there is enough of an article.

    Attributes:
        available (int): At most as many as are wanted.
        sku (str):
        wanted (int):
    """

    available: int
    sku: str
    wanted: int

    def to_dict(self) -> dict[str, Any]:
        available = self.available

        sku = self.sku

        wanted = self.wanted

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "available": available,
                "sku": sku,
                "wanted": wanted,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        available = d.pop("available")

        sku = d.pop("sku")

        wanted = d.pop("wanted")

        line_stock = cls(
            available=available,
            sku=sku,
            wanted=wanted,
        )

        return line_stock
