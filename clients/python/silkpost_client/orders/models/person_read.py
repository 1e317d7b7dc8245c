from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="PersonRead")


@_attrs_define
class PersonRead:
    """One reading of a part of a person's data.

    Attributes:
        asked_by (str): the name of the key's holder, or `service` for the service's own work
        part (str): contact, national_id, or label, which bears the addressee
        purpose (str):
        read_at (datetime.datetime):
    """

    asked_by: str
    part: str
    purpose: str
    read_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        asked_by = self.asked_by

        part = self.part

        purpose = self.purpose

        read_at = self.read_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "asked_by": asked_by,
                "part": part,
                "purpose": purpose,
                "read_at": read_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        asked_by = d.pop("asked_by")

        part = d.pop("part")

        purpose = d.pop("purpose")

        read_at = datetime.datetime.fromisoformat(d.pop("read_at"))

        person_read = cls(
            asked_by=asked_by,
            part=part,
            purpose=purpose,
            read_at=read_at,
        )

        return person_read
