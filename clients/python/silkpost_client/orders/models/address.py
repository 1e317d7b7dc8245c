from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Address")


@_attrs_define
class Address:
    """An address in mainland China.

    Attributes:
        city (str):
        country (str): `CN`.
        postcode (str):
        province (str): By name in Chinese or pinyin, or by code: ISO 3166-2 or GB/T 2260.
        street (str):
        district (str | Unset): Empty where there is none. Default: ''.
    """

    city: str
    country: str
    postcode: str
    province: str
    street: str
    district: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        city = self.city

        country = self.country

        postcode = self.postcode

        province = self.province

        street = self.street

        district = self.district

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "city": city,
                "country": country,
                "postcode": postcode,
                "province": province,
                "street": street,
            }
        )
        if district is not UNSET:
            field_dict["district"] = district

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        city = d.pop("city")

        country = d.pop("country")

        postcode = d.pop("postcode")

        province = d.pop("province")

        street = d.pop("street")

        district = d.pop("district", UNSET)

        address = cls(
            city=city,
            country=country,
            postcode=postcode,
            province=province,
            street=street,
            district=district,
        )

        return address
