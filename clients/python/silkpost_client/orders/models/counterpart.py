from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Counterpart")


@_attrs_define
class Counterpart:
    """Someone outside whom this service calls.

    Attributes:
        name (str):
        paused_since (datetime.datetime | None): Null: calls go on.
        waiting (int): Calls that wait.
    """

    name: str
    paused_since: datetime.datetime | None
    waiting: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        paused_since: None | str
        if isinstance(self.paused_since, datetime.datetime):
            paused_since = self.paused_since.isoformat()
        else:
            paused_since = self.paused_since

        waiting = self.waiting

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "paused_since": paused_since,
                "waiting": waiting,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        name = d.pop("name")

        def _parse_paused_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                paused_since_type_0 = datetime.datetime.fromisoformat(data)

                return paused_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        paused_since = _parse_paused_since(d.pop("paused_since"))

        waiting = d.pop("waiting")

        counterpart = cls(
            name=name,
            paused_since=paused_since,
            waiting=waiting,
        )

        counterpart.additional_properties = d
        return counterpart

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
