from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="OrdersInState")


@_attrs_define
class OrdersInState:
    """The open orders in one state.

    Attributes:
        oldest (datetime.datetime): Since when the one is in it that came first.
        orders (int): How many.
        overdue (int): How many are past their deadline.
        state (str):
    """

    oldest: datetime.datetime
    orders: int
    overdue: int
    state: str

    def to_dict(self) -> dict[str, Any]:
        oldest = self.oldest.isoformat()

        orders = self.orders

        overdue = self.overdue

        state = self.state

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "oldest": oldest,
                "orders": orders,
                "overdue": overdue,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        oldest = datetime.datetime.fromisoformat(d.pop("oldest"))

        orders = d.pop("orders")

        overdue = d.pop("overdue")

        state = d.pop("state")

        orders_in_state = cls(
            oldest=oldest,
            orders=orders,
            overdue=overdue,
            state=state,
        )

        return orders_in_state
