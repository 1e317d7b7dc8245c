from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.public_tracking_flags_item import PublicTrackingFlagsItem
from ..models.public_tracking_status import PublicTrackingStatus
from ..types import UNSET, Unset

T = TypeVar("T", bound="PublicTracking")


@_attrs_define
class PublicTracking:
    """All that anyone who knows, or guesses, a tracking number may know: nothing of the order, its goods or people.

    Attributes:
        status (PublicTrackingStatus):
        status_at (datetime.datetime): Since when the parcel has this status.
        country (None | str | Unset): Where it is, ISO 3166-1 alpha-2.
        flags (list[PublicTrackingFlagsItem] | Unset): Beside the status: what is not as it should be, as
            `customs_held`.
    """

    status: PublicTrackingStatus
    status_at: datetime.datetime
    country: None | str | Unset = UNSET
    flags: list[PublicTrackingFlagsItem] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        status = self.status.value

        status_at = self.status_at.isoformat()

        country: None | str | Unset
        if isinstance(self.country, Unset):
            country = UNSET
        else:
            country = self.country

        flags: list[str] | Unset = UNSET
        if not isinstance(self.flags, Unset):
            flags = []
            for flags_item_data in self.flags:
                flags_item = flags_item_data.value
                flags.append(flags_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "status": status,
                "status_at": status_at,
            }
        )
        if country is not UNSET:
            field_dict["country"] = country
        if flags is not UNSET:
            field_dict["flags"] = flags

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        status = PublicTrackingStatus(d.pop("status"))

        status_at = datetime.datetime.fromisoformat(d.pop("status_at"))

        def _parse_country(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        country = _parse_country(d.pop("country", UNSET))

        _flags = d.pop("flags", UNSET)
        flags: list[PublicTrackingFlagsItem] | Unset = UNSET
        if _flags is not UNSET:
            flags = []
            for flags_item_data in _flags:
                flags_item = PublicTrackingFlagsItem(flags_item_data)

                flags.append(flags_item)

        public_tracking = cls(
            status=status,
            status_at=status_at,
            country=country,
            flags=flags,
        )

        return public_tracking
