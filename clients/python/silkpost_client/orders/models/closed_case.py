from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ClosedCase")


@_attrs_define
class ClosedCase:
    """A case that is closed.

    Attributes:
        case (str):
        id (str): The order's.
        resolution (str): How it was closed, in a word: what was said first.
    """

    case: str
    id: str
    resolution: str

    def to_dict(self) -> dict[str, Any]:
        case = self.case

        id = self.id

        resolution = self.resolution

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "case": case,
                "id": id,
                "resolution": resolution,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        case = d.pop("case")

        id = d.pop("id")

        resolution = d.pop("resolution")

        closed_case = cls(
            case=case,
            id=id,
            resolution=resolution,
        )

        return closed_case
