from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.counterpart_jobs import CounterpartJobs


T = TypeVar("T", bound="Backlog")


@_attrs_define
class Backlog:
    """What waits in the service's database.

    Attributes:
        dead_letters (int): Records that could not be handled and wait for a replay.
        jobs (list[CounterpartJobs]):
        outbox (int): Events that were not sent yet.
        outbox_oldest_seconds (float): Real time, since the oldest of them was recorded.
        parked (int): Records of a newer version.
    """

    dead_letters: int
    jobs: list[CounterpartJobs]
    outbox: int
    outbox_oldest_seconds: float
    parked: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        dead_letters = self.dead_letters

        jobs = []
        for jobs_item_data in self.jobs:
            jobs_item = jobs_item_data.to_dict()
            jobs.append(jobs_item)

        outbox = self.outbox

        outbox_oldest_seconds = self.outbox_oldest_seconds

        parked = self.parked

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "dead_letters": dead_letters,
                "jobs": jobs,
                "outbox": outbox,
                "outbox_oldest_seconds": outbox_oldest_seconds,
                "parked": parked,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.counterpart_jobs import CounterpartJobs

        d = dict(src_dict)
        dead_letters = d.pop("dead_letters")

        jobs = []
        _jobs = d.pop("jobs")
        for jobs_item_data in _jobs:
            jobs_item = CounterpartJobs.from_dict(jobs_item_data)

            jobs.append(jobs_item)

        outbox = d.pop("outbox")

        outbox_oldest_seconds = d.pop("outbox_oldest_seconds")

        parked = d.pop("parked")

        backlog = cls(
            dead_letters=dead_letters,
            jobs=jobs,
            outbox=outbox,
            outbox_oldest_seconds=outbox_oldest_seconds,
            parked=parked,
        )

        backlog.additional_properties = d
        return backlog

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
