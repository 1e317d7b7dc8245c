from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CarrierDetails")


@_attrs_define
class CarrierDetails:
    """What the carrier tells of a parcel beside its scans.

    Attributes:
        expected_from (datetime.datetime | None | Unset): From when on of that day, where the carrier tells hours.
        expected_on (datetime.date | None | Unset): The day on which the carrier expects to deliver: its estimate, not
            ours.
        expected_until (datetime.datetime | None | Unset): Until when; told with `expected_from`.
        page (None | str | Unset): The carrier's public page about the parcel.
        partner (None | str | Unset): Who carries the parcel in the country of destination.
        partner_number (None | str | Unset): The partner's own number of the parcel.
        pickup_point (None | str | Unset): Where it waits to be collected.
        product (None | str | Unset): The carrier's own word.
    """

    expected_from: datetime.datetime | None | Unset = UNSET
    expected_on: datetime.date | None | Unset = UNSET
    expected_until: datetime.datetime | None | Unset = UNSET
    page: None | str | Unset = UNSET
    partner: None | str | Unset = UNSET
    partner_number: None | str | Unset = UNSET
    pickup_point: None | str | Unset = UNSET
    product: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        expected_from: None | str | Unset
        if isinstance(self.expected_from, Unset):
            expected_from = UNSET
        elif isinstance(self.expected_from, datetime.datetime):
            expected_from = self.expected_from.isoformat()
        else:
            expected_from = self.expected_from

        expected_on: None | str | Unset
        if isinstance(self.expected_on, Unset):
            expected_on = UNSET
        elif isinstance(self.expected_on, datetime.date):
            expected_on = self.expected_on.isoformat()
        else:
            expected_on = self.expected_on

        expected_until: None | str | Unset
        if isinstance(self.expected_until, Unset):
            expected_until = UNSET
        elif isinstance(self.expected_until, datetime.datetime):
            expected_until = self.expected_until.isoformat()
        else:
            expected_until = self.expected_until

        page: None | str | Unset
        if isinstance(self.page, Unset):
            page = UNSET
        else:
            page = self.page

        partner: None | str | Unset
        if isinstance(self.partner, Unset):
            partner = UNSET
        else:
            partner = self.partner

        partner_number: None | str | Unset
        if isinstance(self.partner_number, Unset):
            partner_number = UNSET
        else:
            partner_number = self.partner_number

        pickup_point: None | str | Unset
        if isinstance(self.pickup_point, Unset):
            pickup_point = UNSET
        else:
            pickup_point = self.pickup_point

        product: None | str | Unset
        if isinstance(self.product, Unset):
            product = UNSET
        else:
            product = self.product

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if expected_from is not UNSET:
            field_dict["expected_from"] = expected_from
        if expected_on is not UNSET:
            field_dict["expected_on"] = expected_on
        if expected_until is not UNSET:
            field_dict["expected_until"] = expected_until
        if page is not UNSET:
            field_dict["page"] = page
        if partner is not UNSET:
            field_dict["partner"] = partner
        if partner_number is not UNSET:
            field_dict["partner_number"] = partner_number
        if pickup_point is not UNSET:
            field_dict["pickup_point"] = pickup_point
        if product is not UNSET:
            field_dict["product"] = product

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_expected_from(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expected_from_type_0 = datetime.datetime.fromisoformat(data)

                return expected_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        expected_from = _parse_expected_from(d.pop("expected_from", UNSET))

        def _parse_expected_on(data: object) -> datetime.date | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expected_on_type_0 = datetime.date.fromisoformat(data)

                return expected_on_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None | Unset, data)

        expected_on = _parse_expected_on(d.pop("expected_on", UNSET))

        def _parse_expected_until(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expected_until_type_0 = datetime.datetime.fromisoformat(data)

                return expected_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        expected_until = _parse_expected_until(d.pop("expected_until", UNSET))

        def _parse_page(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        page = _parse_page(d.pop("page", UNSET))

        def _parse_partner(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        partner = _parse_partner(d.pop("partner", UNSET))

        def _parse_partner_number(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        partner_number = _parse_partner_number(d.pop("partner_number", UNSET))

        def _parse_pickup_point(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        pickup_point = _parse_pickup_point(d.pop("pickup_point", UNSET))

        def _parse_product(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        product = _parse_product(d.pop("product", UNSET))

        carrier_details = cls(
            expected_from=expected_from,
            expected_on=expected_on,
            expected_until=expected_until,
            page=page,
            partner=partner,
            partner_number=partner_number,
            pickup_point=pickup_point,
            product=product,
        )

        return carrier_details
