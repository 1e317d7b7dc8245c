from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="LongestOpenOrder")


@_attrs_define
class LongestOpenOrder:
    """The open order that has been longest in its state.

    Attributes:
        awaits (None | str): Who acts next.
        deadline (datetime.datetime | None):
        id (str):
        marketplace (str):
        number (str):
        since (datetime.datetime):
        status (str):
    """

    awaits: None | str
    deadline: datetime.datetime | None
    id: str
    marketplace: str
    number: str
    since: datetime.datetime
    status: str

    def to_dict(self) -> dict[str, Any]:
        awaits: None | str
        awaits = self.awaits

        deadline: None | str
        if isinstance(self.deadline, datetime.datetime):
            deadline = self.deadline.isoformat()
        else:
            deadline = self.deadline

        id = self.id

        marketplace = self.marketplace

        number = self.number

        since = self.since.isoformat()

        status = self.status

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "awaits": awaits,
                "deadline": deadline,
                "id": id,
                "marketplace": marketplace,
                "number": number,
                "since": since,
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_awaits(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        awaits = _parse_awaits(d.pop("awaits"))

        def _parse_deadline(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                deadline_type_0 = datetime.datetime.fromisoformat(data)

                return deadline_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        deadline = _parse_deadline(d.pop("deadline"))

        id = d.pop("id")

        marketplace = d.pop("marketplace")

        number = d.pop("number")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        status = d.pop("status")

        longest_open_order = cls(
            awaits=awaits,
            deadline=deadline,
            id=id,
            marketplace=marketplace,
            number=number,
            since=since,
            status=status,
        )

        return longest_open_order
