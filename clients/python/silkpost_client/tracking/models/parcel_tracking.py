from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.parcel_tracking_flags_item import ParcelTrackingFlagsItem
from ..models.parcel_tracking_stage import ParcelTrackingStage
from ..models.parcel_tracking_state import ParcelTrackingState
from ..models.parcel_tracking_status_type_0 import ParcelTrackingStatusType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.carrier_details import CarrierDetails
    from ..models.parcel_item import ParcelItem


T = TypeVar("T", bound="ParcelTracking")


@_attrs_define
class ParcelTracking:
    """Where a parcel is.

    Attributes:
        final (bool): Nothing more is expected of it.
        parcel (int): Its number within the order, from 1.
        since (datetime.datetime): When it came into this state.
        stage (ParcelTrackingStage): How far along its way it is.
        state (ParcelTrackingState): As the status, but finer before the first scan, and naming what blocks the parcel.
        carrier (None | str | Unset):
        city (None | str | Unset): Where in the country, in the carrier's words; left out where its latest scan does not
            say.
        country (None | str | Unset): Where it is, ISO 3166-1 alpha-2.
        details (CarrierDetails | None | Unset):
        duty_paid (bool | None | Unset): True: its label says that the addressee has no duties and taxes to pay; else
            left out.
        flags (list[ParcelTrackingFlagsItem] | Unset): Beside the status: what is not as it should be.
        items (list[ParcelItem] | Unset): What is in it.
        reason (None | str | Unset): Why the carrier says that it is held, or what is due at the door (`duty_due`).
        seen_at (datetime.datetime | None | Unset): The latest scan.
        status (None | ParcelTrackingStatusType0 | Unset): Canonical (see the glossary); left out while there is no
            label.
        status_at (datetime.datetime | None | Unset): Since when it has this status.
        tracking_number (None | str | Unset): The carrier's.
        weight_g (int | None | Unset): In grams.
    """

    final: bool
    parcel: int
    since: datetime.datetime
    stage: ParcelTrackingStage
    state: ParcelTrackingState
    carrier: None | str | Unset = UNSET
    city: None | str | Unset = UNSET
    country: None | str | Unset = UNSET
    details: CarrierDetails | None | Unset = UNSET
    duty_paid: bool | None | Unset = UNSET
    flags: list[ParcelTrackingFlagsItem] | Unset = UNSET
    items: list[ParcelItem] | Unset = UNSET
    reason: None | str | Unset = UNSET
    seen_at: datetime.datetime | None | Unset = UNSET
    status: None | ParcelTrackingStatusType0 | Unset = UNSET
    status_at: datetime.datetime | None | Unset = UNSET
    tracking_number: None | str | Unset = UNSET
    weight_g: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.carrier_details import CarrierDetails

        final = self.final

        parcel = self.parcel

        since = self.since.isoformat()

        stage = self.stage.value

        state = self.state.value

        carrier: None | str | Unset
        if isinstance(self.carrier, Unset):
            carrier = UNSET
        else:
            carrier = self.carrier

        city: None | str | Unset
        if isinstance(self.city, Unset):
            city = UNSET
        else:
            city = self.city

        country: None | str | Unset
        if isinstance(self.country, Unset):
            country = UNSET
        else:
            country = self.country

        details: dict[str, Any] | None | Unset
        if isinstance(self.details, Unset):
            details = UNSET
        elif isinstance(self.details, CarrierDetails):
            details = self.details.to_dict()
        else:
            details = self.details

        duty_paid: bool | None | Unset
        if isinstance(self.duty_paid, Unset):
            duty_paid = UNSET
        else:
            duty_paid = self.duty_paid

        flags: list[str] | Unset = UNSET
        if not isinstance(self.flags, Unset):
            flags = []
            for flags_item_data in self.flags:
                flags_item = flags_item_data.value
                flags.append(flags_item)

        items: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.items, Unset):
            items = []
            for items_item_data in self.items:
                items_item = items_item_data.to_dict()
                items.append(items_item)

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        seen_at: None | str | Unset
        if isinstance(self.seen_at, Unset):
            seen_at = UNSET
        elif isinstance(self.seen_at, datetime.datetime):
            seen_at = self.seen_at.isoformat()
        else:
            seen_at = self.seen_at

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        elif isinstance(self.status, ParcelTrackingStatusType0):
            status = self.status.value
        else:
            status = self.status

        status_at: None | str | Unset
        if isinstance(self.status_at, Unset):
            status_at = UNSET
        elif isinstance(self.status_at, datetime.datetime):
            status_at = self.status_at.isoformat()
        else:
            status_at = self.status_at

        tracking_number: None | str | Unset
        if isinstance(self.tracking_number, Unset):
            tracking_number = UNSET
        else:
            tracking_number = self.tracking_number

        weight_g: int | None | Unset
        if isinstance(self.weight_g, Unset):
            weight_g = UNSET
        else:
            weight_g = self.weight_g

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "final": final,
                "parcel": parcel,
                "since": since,
                "stage": stage,
                "state": state,
            }
        )
        if carrier is not UNSET:
            field_dict["carrier"] = carrier
        if city is not UNSET:
            field_dict["city"] = city
        if country is not UNSET:
            field_dict["country"] = country
        if details is not UNSET:
            field_dict["details"] = details
        if duty_paid is not UNSET:
            field_dict["duty_paid"] = duty_paid
        if flags is not UNSET:
            field_dict["flags"] = flags
        if items is not UNSET:
            field_dict["items"] = items
        if reason is not UNSET:
            field_dict["reason"] = reason
        if seen_at is not UNSET:
            field_dict["seen_at"] = seen_at
        if status is not UNSET:
            field_dict["status"] = status
        if status_at is not UNSET:
            field_dict["status_at"] = status_at
        if tracking_number is not UNSET:
            field_dict["tracking_number"] = tracking_number
        if weight_g is not UNSET:
            field_dict["weight_g"] = weight_g

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.carrier_details import CarrierDetails
        from ..models.parcel_item import ParcelItem

        d = dict(src_dict)
        final = d.pop("final")

        parcel = d.pop("parcel")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        stage = ParcelTrackingStage(d.pop("stage"))

        state = ParcelTrackingState(d.pop("state"))

        def _parse_carrier(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        carrier = _parse_carrier(d.pop("carrier", UNSET))

        def _parse_city(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        city = _parse_city(d.pop("city", UNSET))

        def _parse_country(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        country = _parse_country(d.pop("country", UNSET))

        def _parse_details(data: object) -> CarrierDetails | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                details_type_0 = CarrierDetails.from_dict(data)

                return details_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CarrierDetails | None | Unset, data)

        details = _parse_details(d.pop("details", UNSET))

        def _parse_duty_paid(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        duty_paid = _parse_duty_paid(d.pop("duty_paid", UNSET))

        _flags = d.pop("flags", UNSET)
        flags: list[ParcelTrackingFlagsItem] | Unset = UNSET
        if _flags is not UNSET:
            flags = []
            for flags_item_data in _flags:
                flags_item = ParcelTrackingFlagsItem(flags_item_data)

                flags.append(flags_item)

        _items = d.pop("items", UNSET)
        items: list[ParcelItem] | Unset = UNSET
        if _items is not UNSET:
            items = []
            for items_item_data in _items:
                items_item = ParcelItem.from_dict(items_item_data)

                items.append(items_item)

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        def _parse_seen_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                seen_at_type_0 = datetime.datetime.fromisoformat(data)

                return seen_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        seen_at = _parse_seen_at(d.pop("seen_at", UNSET))

        def _parse_status(data: object) -> None | ParcelTrackingStatusType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_type_0 = ParcelTrackingStatusType0(data)

                return status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ParcelTrackingStatusType0 | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_status_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_at_type_0 = datetime.datetime.fromisoformat(data)

                return status_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        status_at = _parse_status_at(d.pop("status_at", UNSET))

        def _parse_tracking_number(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tracking_number = _parse_tracking_number(d.pop("tracking_number", UNSET))

        def _parse_weight_g(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        weight_g = _parse_weight_g(d.pop("weight_g", UNSET))

        parcel_tracking = cls(
            final=final,
            parcel=parcel,
            since=since,
            stage=stage,
            state=state,
            carrier=carrier,
            city=city,
            country=country,
            details=details,
            duty_paid=duty_paid,
            flags=flags,
            items=items,
            reason=reason,
            seen_at=seen_at,
            status=status,
            status_at=status_at,
            tracking_number=tracking_number,
            weight_g=weight_g,
        )

        return parcel_tracking
