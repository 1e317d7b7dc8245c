from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="OpenCasesOfKind")


@_attrs_define
class OpenCasesOfKind:
    """The open cases of one kind.

    Attributes:
        cases (int): How many.
        kind (str):
        overdue (int): How many are past their due date.
    """

    cases: int
    kind: str
    overdue: int

    def to_dict(self) -> dict[str, Any]:
        cases = self.cases

        kind = self.kind

        overdue = self.overdue

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cases": cases,
                "kind": kind,
                "overdue": overdue,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        cases = d.pop("cases")

        kind = d.pop("kind")

        overdue = d.pop("overdue")

        open_cases_of_kind = cls(
            cases=cases,
            kind=kind,
            overdue=overdue,
        )

        return open_cases_of_kind
