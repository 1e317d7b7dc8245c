from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.money import Money


T = TypeVar("T", bound="Tax")


@_attrs_define
class Tax:
    """What of import tax is settled.

    Attributes:
        collected (Money): An amount to the cent.
    """

    collected: Money

    def to_dict(self) -> dict[str, Any]:
        collected = self.collected.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "collected": collected,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.money import Money

        d = dict(src_dict)
        collected = Money.from_dict(d.pop("collected"))

        tax = cls(
            collected=collected,
        )

        return tax
