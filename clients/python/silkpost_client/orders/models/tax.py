from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.money import Money


T = TypeVar("T", bound="Tax")


@_attrs_define
class Tax:
    """The import tax that was collected, and the one that is due.

    Attributes:
        collected (Money): An amount to the cent.
        due_cny (Money | None): By the rules of the day; null unless customs would let the order pass.
    """

    collected: Money
    due_cny: Money | None

    def to_dict(self) -> dict[str, Any]:
        from ..models.money import Money

        collected = self.collected.to_dict()

        due_cny: dict[str, Any] | None
        if isinstance(self.due_cny, Money):
            due_cny = self.due_cny.to_dict()
        else:
            due_cny = self.due_cny

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "collected": collected,
                "due_cny": due_cny,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.money import Money

        d = dict(src_dict)
        collected = Money.from_dict(d.pop("collected"))

        def _parse_due_cny(data: object) -> Money | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                due_cny_type_0 = Money.from_dict(data)

                return due_cny_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Money | None, data)

        due_cny = _parse_due_cny(d.pop("due_cny"))

        tax = cls(
            collected=collected,
            due_cny=due_cny,
        )

        return tax
