from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="OpenCase")


@_attrs_define
class OpenCase:
    """A case that waits for a person's decision. The deadlines of the order pause while it is open.

    Attributes:
        action (str): What a person has to do, as `answer_customs`.
        kind (str): As `customs_hold` or `enquiry`.
        opened_at (datetime.datetime):
        reason (str): In a word, as `missing_invoice`.
        due_at (datetime.datetime | None | Unset): By when it should be closed.
        parcel (int | None | Unset): Left out, it concerns the whole order.
    """

    action: str
    kind: str
    opened_at: datetime.datetime
    reason: str
    due_at: datetime.datetime | None | Unset = UNSET
    parcel: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        kind = self.kind

        opened_at = self.opened_at.isoformat()

        reason = self.reason

        due_at: None | str | Unset
        if isinstance(self.due_at, Unset):
            due_at = UNSET
        elif isinstance(self.due_at, datetime.datetime):
            due_at = self.due_at.isoformat()
        else:
            due_at = self.due_at

        parcel: int | None | Unset
        if isinstance(self.parcel, Unset):
            parcel = UNSET
        else:
            parcel = self.parcel

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action": action,
                "kind": kind,
                "opened_at": opened_at,
                "reason": reason,
            }
        )
        if due_at is not UNSET:
            field_dict["due_at"] = due_at
        if parcel is not UNSET:
            field_dict["parcel"] = parcel

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        action = d.pop("action")

        kind = d.pop("kind")

        opened_at = datetime.datetime.fromisoformat(d.pop("opened_at"))

        reason = d.pop("reason")

        def _parse_due_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                due_at_type_0 = datetime.datetime.fromisoformat(data)

                return due_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        due_at = _parse_due_at(d.pop("due_at", UNSET))

        def _parse_parcel(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        parcel = _parse_parcel(d.pop("parcel", UNSET))

        open_case = cls(
            action=action,
            kind=kind,
            opened_at=opened_at,
            reason=reason,
            due_at=due_at,
            parcel=parcel,
        )

        return open_case
