from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

from ..models.person_answer_person import PersonAnswerPerson

T = TypeVar("T", bound="PersonAnswer")


@_attrs_define
class PersonAnswer:
    """
    Attributes:
        id (str):
        person (PersonAnswerPerson):
    """

    id: str
    person: PersonAnswerPerson

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

        person = PersonAnswerPerson(d.pop("person"))

        person_answer = cls(
            id=id,
            person=person,
        )

        return person_answer
