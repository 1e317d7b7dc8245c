from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.person_read import PersonRead


T = TypeVar("T", bound="PersonReads")


@_attrs_define
class PersonReads:
    """Who read the data of an order's person in this service, the latest first; a thousand at the most.

    Attributes:
        reads (list[PersonRead]):
    """

    reads: list[PersonRead]

    def to_dict(self) -> dict[str, Any]:
        reads = []
        for reads_item_data in self.reads:
            reads_item = reads_item_data.to_dict()
            reads.append(reads_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "reads": reads,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.person_read import PersonRead

        d = dict(src_dict)
        reads = []
        _reads = d.pop("reads")
        for reads_item_data in _reads:
            reads_item = PersonRead.from_dict(reads_item_data)

            reads.append(reads_item)

        person_reads = cls(
            reads=reads,
        )

        return person_reads
