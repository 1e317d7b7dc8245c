from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.listed_case import ListedCase
    from ..models.paused_operation import PausedOperation


T = TypeVar("T", bound="CasesPage")


@_attrs_define
class CasesPage:
    """A page of cases.

    Attributes:
        cases (list[ListedCase]):
        next_ (None | str): The cursor of the next page; null on the last.
        operations (list[PausedOperation]): The operations that are paused; on the first page of open cases only.
    """

    cases: list[ListedCase]
    next_: None | str
    operations: list[PausedOperation]

    def to_dict(self) -> dict[str, Any]:
        cases = []
        for cases_item_data in self.cases:
            cases_item = cases_item_data.to_dict()
            cases.append(cases_item)

        next_: None | str
        next_ = self.next_

        operations = []
        for operations_item_data in self.operations:
            operations_item = operations_item_data.to_dict()
            operations.append(operations_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cases": cases,
                "next": next_,
                "operations": operations,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.listed_case import ListedCase
        from ..models.paused_operation import PausedOperation

        d = dict(src_dict)
        cases = []
        _cases = d.pop("cases")
        for cases_item_data in _cases:
            cases_item = ListedCase.from_dict(cases_item_data)

            cases.append(cases_item)

        def _parse_next_(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_ = _parse_next_(d.pop("next"))

        operations = []
        _operations = d.pop("operations")
        for operations_item_data in _operations:
            operations_item = PausedOperation.from_dict(operations_item_data)

            operations.append(operations_item)

        cases_page = cls(
            cases=cases,
            next_=next_,
            operations=operations,
        )

        return cases_page
