from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

from ..models.hold_body_reason import HoldBodyReason

T = TypeVar("T", bound="HoldBody")


@_attrs_define
class HoldBody:
    """Why the order is to be held.

    Attributes:
        reason (HoldBodyReason):
    """

    reason: HoldBodyReason

    def to_dict(self) -> dict[str, Any]:
        reason = self.reason.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        reason = HoldBodyReason(d.pop("reason"))

        hold_body = cls(
            reason=reason,
        )

        return hold_body
