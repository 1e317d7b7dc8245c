from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

from ..models.person_erasure_person import PersonErasurePerson

T = TypeVar("T", bound="PersonErasure")


@_attrs_define
class PersonErasure:
    """Whether a person's data is erased.

    Attributes:
        id (str): The order's.
        person (PersonErasurePerson): `erasure_asked`: it is erased when the order has ended.
    """

    id: str
    person: PersonErasurePerson

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        person = self.person.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "person": person,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id")

        person = PersonErasurePerson(d.pop("person"))

        person_erasure = cls(
            id=id,
            person=person,
        )

        return person_erasure
