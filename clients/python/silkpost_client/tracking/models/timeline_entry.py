from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.timeline_entry_clears_item import TimelineEntryClearsItem
from ..models.timeline_entry_sets_item import TimelineEntrySetsItem
from ..models.timeline_entry_status_type_0 import TimelineEntryStatusType0
from ..types import UNSET, Unset

T = TypeVar("T", bound="TimelineEntry")


@_attrs_define
class TimelineEntry:
    """Something that has happened.

    Attributes:
        at (datetime.datetime): When it happened, which may be long before it became known.
        kind (str): The event's name, as `parcel-scanned`.
        case (None | str | Unset): The kind of a case that was opened or closed.
        city (None | str | Unset): Where in the country, in the carrier's words.
        clears (list[TimelineEntryClearsItem] | Unset): The flags that a scan clears.
        code (None | str | Unset): The carrier's own code of a scan.
        country (None | str | Unset): Where, ISO 3166-1 alpha-2.
        outcome (None | str | Unset): How the order, or the parcel, has ended.
        parcel (int | None | Unset): Left out, it concerns the whole order.
        reason (None | str | Unset):
        sets (list[TimelineEntrySetsItem] | Unset): The flags that a scan sets.
        status (None | TimelineEntryStatusType0 | Unset): The status that a scan stands for; left out where it changes
            none.
        utc_offset_minutes (int | None | Unset): The offset in which the carrier stated the time.
    """

    at: datetime.datetime
    kind: str
    case: None | str | Unset = UNSET
    city: None | str | Unset = UNSET
    clears: list[TimelineEntryClearsItem] | Unset = UNSET
    code: None | str | Unset = UNSET
    country: None | str | Unset = UNSET
    outcome: None | str | Unset = UNSET
    parcel: int | None | Unset = UNSET
    reason: None | str | Unset = UNSET
    sets: list[TimelineEntrySetsItem] | Unset = UNSET
    status: None | TimelineEntryStatusType0 | Unset = UNSET
    utc_offset_minutes: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        at = self.at.isoformat()

        kind = self.kind

        case: None | str | Unset
        if isinstance(self.case, Unset):
            case = UNSET
        else:
            case = self.case

        city: None | str | Unset
        if isinstance(self.city, Unset):
            city = UNSET
        else:
            city = self.city

        clears: list[str] | Unset = UNSET
        if not isinstance(self.clears, Unset):
            clears = []
            for clears_item_data in self.clears:
                clears_item = clears_item_data.value
                clears.append(clears_item)

        code: None | str | Unset
        if isinstance(self.code, Unset):
            code = UNSET
        else:
            code = self.code

        country: None | str | Unset
        if isinstance(self.country, Unset):
            country = UNSET
        else:
            country = self.country

        outcome: None | str | Unset
        if isinstance(self.outcome, Unset):
            outcome = UNSET
        else:
            outcome = self.outcome

        parcel: int | None | Unset
        if isinstance(self.parcel, Unset):
            parcel = UNSET
        else:
            parcel = self.parcel

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        sets: list[str] | Unset = UNSET
        if not isinstance(self.sets, Unset):
            sets = []
            for sets_item_data in self.sets:
                sets_item = sets_item_data.value
                sets.append(sets_item)

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        elif isinstance(self.status, TimelineEntryStatusType0):
            status = self.status.value
        else:
            status = self.status

        utc_offset_minutes: int | None | Unset
        if isinstance(self.utc_offset_minutes, Unset):
            utc_offset_minutes = UNSET
        else:
            utc_offset_minutes = self.utc_offset_minutes

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "at": at,
                "kind": kind,
            }
        )
        if case is not UNSET:
            field_dict["case"] = case
        if city is not UNSET:
            field_dict["city"] = city
        if clears is not UNSET:
            field_dict["clears"] = clears
        if code is not UNSET:
            field_dict["code"] = code
        if country is not UNSET:
            field_dict["country"] = country
        if outcome is not UNSET:
            field_dict["outcome"] = outcome
        if parcel is not UNSET:
            field_dict["parcel"] = parcel
        if reason is not UNSET:
            field_dict["reason"] = reason
        if sets is not UNSET:
            field_dict["sets"] = sets
        if status is not UNSET:
            field_dict["status"] = status
        if utc_offset_minutes is not UNSET:
            field_dict["utc_offset_minutes"] = utc_offset_minutes

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        at = datetime.datetime.fromisoformat(d.pop("at"))

        kind = d.pop("kind")

        def _parse_case(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        case = _parse_case(d.pop("case", UNSET))

        def _parse_city(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        city = _parse_city(d.pop("city", UNSET))

        _clears = d.pop("clears", UNSET)
        clears: list[TimelineEntryClearsItem] | Unset = UNSET
        if _clears is not UNSET:
            clears = []
            for clears_item_data in _clears:
                clears_item = TimelineEntryClearsItem(clears_item_data)

                clears.append(clears_item)

        def _parse_code(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        code = _parse_code(d.pop("code", UNSET))

        def _parse_country(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        country = _parse_country(d.pop("country", UNSET))

        def _parse_outcome(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        outcome = _parse_outcome(d.pop("outcome", UNSET))

        def _parse_parcel(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        parcel = _parse_parcel(d.pop("parcel", UNSET))

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        _sets = d.pop("sets", UNSET)
        sets: list[TimelineEntrySetsItem] | Unset = UNSET
        if _sets is not UNSET:
            sets = []
            for sets_item_data in _sets:
                sets_item = TimelineEntrySetsItem(sets_item_data)

                sets.append(sets_item)

        def _parse_status(data: object) -> None | TimelineEntryStatusType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_type_0 = TimelineEntryStatusType0(data)

                return status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TimelineEntryStatusType0 | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_utc_offset_minutes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        utc_offset_minutes = _parse_utc_offset_minutes(d.pop("utc_offset_minutes", UNSET))

        timeline_entry = cls(
            at=at,
            kind=kind,
            case=case,
            city=city,
            clears=clears,
            code=code,
            country=country,
            outcome=outcome,
            parcel=parcel,
            reason=reason,
            sets=sets,
            status=status,
            utc_offset_minutes=utc_offset_minutes,
        )

        return timeline_entry
