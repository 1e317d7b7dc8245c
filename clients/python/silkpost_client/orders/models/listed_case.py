from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ListedCase")


@_attrs_define
class ListedCase:
    """A case with the order that it belongs to.

    Attributes:
        action (str): What a person has to do, as `answer_customs`.
        case (str): Its name, unique in the order.
        closed_at (datetime.datetime | None): Null while it is open.
        due_at (datetime.datetime | None): By when it should be closed.
        freed_by (None | str): The request that closes it: the service, the method and the path.
        kind (str): As `customs_hold` or `enquiry`.
        marketplace (None | str): Null while the order itself has not arrived.
        number (None | str): The order's.
        order_id (str):
        order_status (None | str):
        parcel (int | None): Null when it is about the whole order.
        reason (str): In a word, as `missing_invoice`.
        resolution (None | str): How it was closed, in a word.
        since (datetime.datetime):
    """

    action: str
    case: str
    closed_at: datetime.datetime | None
    due_at: datetime.datetime | None
    freed_by: None | str
    kind: str
    marketplace: None | str
    number: None | str
    order_id: str
    order_status: None | str
    parcel: int | None
    reason: str
    resolution: None | str
    since: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        case = self.case

        closed_at: None | str
        if isinstance(self.closed_at, datetime.datetime):
            closed_at = self.closed_at.isoformat()
        else:
            closed_at = self.closed_at

        due_at: None | str
        if isinstance(self.due_at, datetime.datetime):
            due_at = self.due_at.isoformat()
        else:
            due_at = self.due_at

        freed_by: None | str
        freed_by = self.freed_by

        kind = self.kind

        marketplace: None | str
        marketplace = self.marketplace

        number: None | str
        number = self.number

        order_id = self.order_id

        order_status: None | str
        order_status = self.order_status

        parcel: int | None
        parcel = self.parcel

        reason = self.reason

        resolution: None | str
        resolution = self.resolution

        since = self.since.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action": action,
                "case": case,
                "closed_at": closed_at,
                "due_at": due_at,
                "freed_by": freed_by,
                "kind": kind,
                "marketplace": marketplace,
                "number": number,
                "order_id": order_id,
                "order_status": order_status,
                "parcel": parcel,
                "reason": reason,
                "resolution": resolution,
                "since": since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        action = d.pop("action")

        case = d.pop("case")

        def _parse_closed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                closed_at_type_0 = datetime.datetime.fromisoformat(data)

                return closed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        closed_at = _parse_closed_at(d.pop("closed_at"))

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

        def _parse_marketplace(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        marketplace = _parse_marketplace(d.pop("marketplace"))

        def _parse_number(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        number = _parse_number(d.pop("number"))

        order_id = d.pop("order_id")

        def _parse_order_status(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        order_status = _parse_order_status(d.pop("order_status"))

        def _parse_parcel(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        parcel = _parse_parcel(d.pop("parcel"))

        reason = d.pop("reason")

        def _parse_resolution(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        resolution = _parse_resolution(d.pop("resolution"))

        since = datetime.datetime.fromisoformat(d.pop("since"))

        listed_case = cls(
            action=action,
            case=case,
            closed_at=closed_at,
            due_at=due_at,
            freed_by=freed_by,
            kind=kind,
            marketplace=marketplace,
            number=number,
            order_id=order_id,
            order_status=order_status,
            parcel=parcel,
            reason=reason,
            resolution=resolution,
            since=since,
        )

        return listed_case
