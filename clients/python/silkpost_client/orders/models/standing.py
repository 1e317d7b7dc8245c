from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.longest_open_order import LongestOpenOrder
    from ..models.open_cases_of_kind import OpenCasesOfKind
    from ..models.orders_in_state import OrdersInState
    from ..models.paused_operation import PausedOperation


T = TypeVar("T", bound="Standing")


@_attrs_define
class Standing:
    """The open orders in figures.

    Attributes:
        cases (list[OpenCasesOfKind]):
        longest (LongestOpenOrder | None): Null when no order is open.
        operations (list[PausedOperation]): Those that are paused.
        states (list[OrdersInState]):
    """

    cases: list[OpenCasesOfKind]
    longest: LongestOpenOrder | None
    operations: list[PausedOperation]
    states: list[OrdersInState]

    def to_dict(self) -> dict[str, Any]:
        from ..models.longest_open_order import LongestOpenOrder

        cases = []
        for cases_item_data in self.cases:
            cases_item = cases_item_data.to_dict()
            cases.append(cases_item)

        longest: dict[str, Any] | None
        if isinstance(self.longest, LongestOpenOrder):
            longest = self.longest.to_dict()
        else:
            longest = self.longest

        operations = []
        for operations_item_data in self.operations:
            operations_item = operations_item_data.to_dict()
            operations.append(operations_item)

        states = []
        for states_item_data in self.states:
            states_item = states_item_data.to_dict()
            states.append(states_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cases": cases,
                "longest": longest,
                "operations": operations,
                "states": states,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.longest_open_order import LongestOpenOrder
        from ..models.open_cases_of_kind import OpenCasesOfKind
        from ..models.orders_in_state import OrdersInState
        from ..models.paused_operation import PausedOperation

        d = dict(src_dict)
        cases = []
        _cases = d.pop("cases")
        for cases_item_data in _cases:
            cases_item = OpenCasesOfKind.from_dict(cases_item_data)

            cases.append(cases_item)

        def _parse_longest(data: object) -> LongestOpenOrder | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                longest_type_0 = LongestOpenOrder.from_dict(data)

                return longest_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LongestOpenOrder | None, data)

        longest = _parse_longest(d.pop("longest"))

        operations = []
        _operations = d.pop("operations")
        for operations_item_data in _operations:
            operations_item = PausedOperation.from_dict(operations_item_data)

            operations.append(operations_item)

        states = []
        _states = d.pop("states")
        for states_item_data in _states:
            states_item = OrdersInState.from_dict(states_item_data)

            states.append(states_item)

        standing = cls(
            cases=cases,
            longest=longest,
            operations=operations,
            states=states,
        )

        return standing
