from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.change_answer import ChangeAnswer

T = TypeVar("T", bound="Change")


@_attrs_define
class Change:
    """A change of the consignee's phone or address. To what it was changed is shown to nobody.

    Attributes:
        answer (ChangeAnswer): `requested` until the warehouse has answered; `too_late` when the order was packed
            before.
        parts (list[str]): What is different: `phone`, `address`.
        requested_at (datetime.datetime):
        version (int): Of the contact, from 2.
    """

    answer: ChangeAnswer
    parts: list[str]
    requested_at: datetime.datetime
    version: int

    def to_dict(self) -> dict[str, Any]:
        answer = self.answer.value

        parts = self.parts

        requested_at = self.requested_at.isoformat()

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "answer": answer,
                "parts": parts,
                "requested_at": requested_at,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        answer = ChangeAnswer(d.pop("answer"))

        parts = cast(list[str], d.pop("parts"))

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        version = d.pop("version")

        change = cls(
            answer=answer,
            parts=parts,
            requested_at=requested_at,
            version=version,
        )

        return change
