from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Parcel")


@_attrs_define
class Parcel:
    """A packed parcel.

    Attributes:
        parcel (int): Its number within the order, from 1.
        status (str): The last state that the parcel has reached, or its outcome.
        tracking_number (None | str): The carrier's; null until there is a label.
        weight_g (int): On the scale, in grams.
    """

    parcel: int
    status: str
    tracking_number: None | str
    weight_g: int

    def to_dict(self) -> dict[str, Any]:
        parcel = self.parcel

        status = self.status

        tracking_number: None | str
        tracking_number = self.tracking_number

        weight_g = self.weight_g

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "parcel": parcel,
                "status": status,
                "tracking_number": tracking_number,
                "weight_g": weight_g,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        parcel = d.pop("parcel")

        status = d.pop("status")

        def _parse_tracking_number(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        tracking_number = _parse_tracking_number(d.pop("tracking_number"))

        weight_g = d.pop("weight_g")

        parcel = cls(
            parcel=parcel,
            status=status,
            tracking_number=tracking_number,
            weight_g=weight_g,
        )

        return parcel
