from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Case")


@_attrs_define
class Case:
    """Why an order waits for a person, since when, until when, and the request that frees it.

    Attributes:
        action (str): What a person has to do, as `answer_customs`.
        case (str): Its name, unique in the order.
        due_at (datetime.datetime | None): By when it should be closed.
        freed_by (None | str): The request that closes it: the service, the method and the path.
        kind (str): As `customs_hold` or `enquiry`.
        parcel (int | None): Null when it is about the whole order.
        reason (str): In a word, as `missing_invoice`.
        since (datetime.datetime):
    """

    action: str
    case: str
    due_at: datetime.datetime | None
    freed_by: None | str
    kind: str
    parcel: int | None
    reason: str
    since: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        case = self.case

        due_at: None | str
        if isinstance(self.due_at, datetime.datetime):
            due_at = self.due_at.isoformat()
        else:
            due_at = self.due_at

        freed_by: None | str
        freed_by = self.freed_by

        kind = self.kind

        parcel: int | None
        parcel = self.parcel

        reason = self.reason

        since = self.since.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action": action,
                "case": case,
                "due_at": due_at,
                "freed_by": freed_by,
                "kind": kind,
                "parcel": parcel,
                "reason": reason,
                "since": since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        action = d.pop("action")

        case = d.pop("case")

        def _parse_due_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                due_at_type_0 = datetime.datetime.fromisoformat(data)

                return due_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        due_at = _parse_due_at(d.pop("due_at"))

        def _parse_freed_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        freed_by = _parse_freed_by(d.pop("freed_by"))

        kind = d.pop("kind")

        def _parse_parcel(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        parcel = _parse_parcel(d.pop("parcel"))

        reason = d.pop("reason")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        case = cls(
            action=action,
            case=case,
            due_at=due_at,
            freed_by=freed_by,
            kind=kind,
            parcel=parcel,
            reason=reason,
            since=since,
        )

        return case
