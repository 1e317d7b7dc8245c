from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.hold_state import HoldState

T = TypeVar("T", bound="Hold")


@_attrs_define
class Hold:
    """A hold: while it is open the order is not packed, and no deadline of it passes.

    Attributes:
        ended_at (datetime.datetime | None): When it was released, or was answered to be too late; null while it is
            open.
        handle (str): By which its holder tells its holds apart.
        holder (str): Who placed it: `marketplace` or `operator`.
        reason (str): As `fraud_check`.
        requested_at (datetime.datetime):
        state (HoldState): `requested` until the warehouse has answered; `too_late` when the order was packed before.
    """

    ended_at: datetime.datetime | None
    handle: str
    holder: str
    reason: str
    requested_at: datetime.datetime
    state: HoldState

    def to_dict(self) -> dict[str, Any]:
        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        handle = self.handle

        holder = self.holder

        reason = self.reason

        requested_at = self.requested_at.isoformat()

        state = self.state.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "ended_at": ended_at,
                "handle": handle,
                "holder": holder,
                "reason": reason,
                "requested_at": requested_at,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_ended_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ended_at_type_0 = datetime.datetime.fromisoformat(data)

                return ended_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ended_at = _parse_ended_at(d.pop("ended_at"))

        handle = d.pop("handle")

        holder = d.pop("holder")

        reason = d.pop("reason")

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        state = HoldState(d.pop("state"))

        hold = cls(
            ended_at=ended_at,
            handle=handle,
            holder=holder,
            reason=reason,
            requested_at=requested_at,
            state=state,
        )

        return hold
