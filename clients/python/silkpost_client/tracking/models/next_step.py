from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.next_step_action_type_0 import NextStepActionType0
from ..models.next_step_actor import NextStepActor
from ..types import UNSET, Unset

T = TypeVar("T", bound="NextStep")


@_attrs_define
class NextStep:
    """Who must do what, by when at the latest.

    Attributes:
        action (NextStepActionType0 | str): What; of an open case it may be a word that is not listed.
        actor (NextStepActor): Who.
        by (datetime.datetime | None | Unset): At the latest.
        parcel (int | None | Unset): Left out, it concerns the whole order.
    """

    action: NextStepActionType0 | str
    actor: NextStepActor
    by: datetime.datetime | None | Unset = UNSET
    parcel: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        action: str
        if isinstance(self.action, NextStepActionType0):
            action = self.action.value
        else:
            action = self.action

        actor = self.actor.value

        by: None | str | Unset
        if isinstance(self.by, Unset):
            by = UNSET
        elif isinstance(self.by, datetime.datetime):
            by = self.by.isoformat()
        else:
            by = self.by

        parcel: int | None | Unset
        if isinstance(self.parcel, Unset):
            parcel = UNSET
        else:
            parcel = self.parcel

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action": action,
                "actor": actor,
            }
        )
        if by is not UNSET:
            field_dict["by"] = by
        if parcel is not UNSET:
            field_dict["parcel"] = parcel

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_action(data: object) -> NextStepActionType0 | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                action_type_0 = NextStepActionType0(data)

                return action_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NextStepActionType0 | str, data)

        action = _parse_action(d.pop("action"))

        actor = NextStepActor(d.pop("actor"))

        def _parse_by(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                by_type_0 = datetime.datetime.fromisoformat(data)

                return by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        by = _parse_by(d.pop("by", UNSET))

        def _parse_parcel(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        parcel = _parse_parcel(d.pop("parcel", UNSET))

        next_step = cls(
            action=action,
            actor=actor,
            by=by,
            parcel=parcel,
        )

        return next_step
