from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PersonRead")


@_attrs_define
class PersonRead:
    """One reading of a part of a person's data.

    Attributes:
        asked_by (str): The name of the key's holder; `(service)` for the service's own work.
        part (str): `contact`, `national_id`; `label`, `cn23` or `bordereau` as printed; `carrier_events` in the
            carrier's words;
            `receipts` in customs' own; or the type of a message to customs.
        purpose (str):
        read_at (datetime.datetime):
    """

    asked_by: str
    part: str
    purpose: str
    read_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        asked_by = self.asked_by

        part = self.part

        purpose = self.purpose

        read_at = self.read_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
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

        person_read.additional_properties = d
        return person_read

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
