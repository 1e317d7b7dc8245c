from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="CounterpartJobs")


@_attrs_define
class CounterpartJobs:
    """Jobs that call a counterpart.

    Attributes:
        counterpart (str): Whom they call.
        exhausted_last_day (int): Given up within a day.
        oldest_seconds (float): Real time, since the job was created.
        paused_since (datetime.datetime | None): Null: calls go on.
        waiting (int): Jobs that are due or will be.
    """

    counterpart: str
    exhausted_last_day: int
    oldest_seconds: float
    paused_since: datetime.datetime | None
    waiting: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        counterpart = self.counterpart

        exhausted_last_day = self.exhausted_last_day

        oldest_seconds = self.oldest_seconds

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
                "counterpart": counterpart,
                "exhausted_last_day": exhausted_last_day,
                "oldest_seconds": oldest_seconds,
                "paused_since": paused_since,
                "waiting": waiting,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        counterpart = d.pop("counterpart")

        exhausted_last_day = d.pop("exhausted_last_day")

        oldest_seconds = d.pop("oldest_seconds")

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

        counterpart_jobs = cls(
            counterpart=counterpart,
            exhausted_last_day=exhausted_last_day,
            oldest_seconds=oldest_seconds,
            paused_since=paused_since,
            waiting=waiting,
        )

        counterpart_jobs.additional_properties = d
        return counterpart_jobs

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
