from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="SupportingDocumentBody")


@_attrs_define
class SupportingDocumentBody:
    """A permit for goods that do not leave the European Union without one, or a statement that they need none.

    Attributes:
        type_ (str): Of the EU's list: C400 a CITES permit, Y900 none needed; X002 a dual-use authorisation, Y901 none
            needed.
        number (None | str | Unset): Of the permit; a statement has none.
    """

    type_: str
    number: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        number: None | str | Unset
        if isinstance(self.number, Unset):
            number = UNSET
        else:
            number = self.number

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
            }
        )
        if number is not UNSET:
            field_dict["number"] = number

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        type_ = d.pop("type")

        def _parse_number(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        number = _parse_number(d.pop("number", UNSET))

        supporting_document_body = cls(
            type_=type_,
            number=number,
        )

        return supporting_document_body
