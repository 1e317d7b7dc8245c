from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.longest import Longest
    from ..models.open_cases import OpenCases
    from ..models.state import State


T = TypeVar("T", bound="Standing")


@_attrs_define
class Standing:
    """
    Attributes:
        cases (list[OpenCases]):
        longest (Longest | None):
        states (list[State]):
    """

    cases: list[OpenCases]
    longest: Longest | None
    states: list[State]

    def to_dict(self) -> dict[str, Any]:
        from ..models.longest import Longest

        cases = []
        for cases_item_data in self.cases:
            cases_item = cases_item_data.to_dict()
            cases.append(cases_item)

        longest: dict[str, Any] | None
        if isinstance(self.longest, Longest):
            longest = self.longest.to_dict()
        else:
            longest = self.longest

        states = []
        for states_item_data in self.states:
            states_item = states_item_data.to_dict()
            states.append(states_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cases": cases,
                "longest": longest,
                "states": states,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.longest import Longest
        from ..models.open_cases import OpenCases
        from ..models.state import State

        d = dict(src_dict)
        cases = []
        _cases = d.pop("cases")
        for cases_item_data in _cases:
            cases_item = OpenCases.from_dict(cases_item_data)

            cases.append(cases_item)

        def _parse_longest(data: object) -> Longest | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                longest_type_0 = Longest.from_dict(data)

                return longest_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Longest | None, data)

        longest = _parse_longest(d.pop("longest"))

        states = []
        _states = d.pop("states")
        for states_item_data in _states:
            states_item = State.from_dict(states_item_data)

            states.append(states_item)

        standing = cls(
            cases=cases,
            longest=longest,
            states=states,
        )

        return standing
