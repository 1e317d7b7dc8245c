from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="SupportingDocument")


@_attrs_define
class SupportingDocument:
    """A permit, or a statement that none is needed.

    Attributes:
        number (None | str):
        type_ (str): Of the EU's list, as C400.
    """

    number: None | str
    type_: str

    def to_dict(self) -> dict[str, Any]:
        number: None | str
        number = self.number

        type_ = self.type_

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "number": number,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_number(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        number = _parse_number(d.pop("number"))

        type_ = d.pop("type")

        supporting_document = cls(
            number=number,
            type_=type_,
        )

        return supporting_document
