"""Where an address is: province, city and district by their names in Chinese, however they are written.

A place may be named in Chinese with or without its kind (市, 省), in pinyin with or without tones and blanks, by its
usual English name, or by its code (GB/T 2260; ISO 3166-2 for a province). It is kept by its name in Chinese: the
present one, when it was only renamed. Development zones are no divisions, so a district that is not in the list stays
as it is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal

from services.addresses.divisions import DIRECTLY_GOVERNED, Division
from services.orders.domain.divisions import (
    PROVINCES,
    Province,
    lookup_keys,
    normalize,
    province_digits,
    province_names,
)
from services.orders.domain.divisions import province as province_of

_OTHER_TERRITORY = re.compile(
    "香港|澳门|澳門|台湾|臺灣|台灣|hongkong|xianggang|macau|macao|aomen|taiwan|(cn)?(hk|mo|tw)|cn91|cn92|cn71|810000|820000|710000"
)
_NO_CITY = re.compile("市辖区|县|(省|自治区)?直辖(县|(县级)?行政(区划|单位)|县级)?")
"""What lists of divisions have in place of a city where there is none: the place is then identified by the district."""
_CODE = re.compile(r"\d{4,6}", re.ASCII)

PlaceFault = Literal["city_unknown", "city_ambiguous", "district_unknown"]


def province_code(name: str) -> str | Literal["elsewhere"] | None:
    """The ISO 3166-2 code of a mainland province; "elsewhere" for another territory of China, None when unknown."""
    names = province_names()
    if code := names.get(name):
        return code
    if normalize(name).startswith("shanxi") and unicodedata.normalize("NFC", name).casefold().startswith("shǎn"):
        return "CN-SN"
    for key in lookup_keys(name):
        if _OTHER_TERRITORY.fullmatch(key):
            return "elsewhere"
        if code := names.get(key):
            return code
    return None


def locate(iso: str, city: str, district: str) -> tuple[str, str] | PlaceFault:
    """City and district by their Chinese names, or which rule they break in this province (ISO 3166-2).

    A municipality has no cities: its district or county is given as the city, and the district is left out.
    """
    province = province_of(iso)
    matches = province.find(city)
    if _NO_CITY.fullmatch(city) or (province.is_municipality and _is_whole(province, city, matches)):
        return _without_city(province, district)
    named = _best(province, [division for division in matches if province.is_municipality or division.is_city])
    if len(named) != 1:
        return "city_ambiguous" if named else "city_unknown"
    ((name, division),) = named.items()
    if district and district != name:
        prefixes = () if province.is_municipality else (division.code[:4], province.present(division).code[:4])
        part = _district(province, district, prefixes)
        if part is None:
            return "district_unknown"
        district = part
    return name, "" if province.is_municipality and district == name else district


def _without_city(province: Province, district: str) -> tuple[str, str] | PlaceFault:
    """The district in the city's place: any of a municipality, else what the province governs itself."""
    candidates = [
        division
        for division in province.find(district)
        if province.is_municipality or division.code[2:4] == DIRECTLY_GOVERNED
    ]
    named = _best(province, candidates)
    if len(named) == 1:
        return next(iter(named)), ""
    if not province.is_municipality:
        return "city_unknown"
    return "district_unknown" if _CODE.fullmatch(district) else (PROVINCES[province.iso], district)


def _is_whole(province: Province, city: str, matches: Iterable[Division]) -> bool:
    """Whether what stands in the city's place is the municipality itself, or the code of its districts together."""
    together = re.fullmatch(r"(\d\d)0[12](00)?", city, re.ASCII)
    return any(division.code.endswith("0000") for division in matches) or (
        together is not None and together[1] == province_digits()[province.iso]
    )


def _district(province: Province, text: str, prefixes: tuple[str, ...]) -> str | None:
    """The district's name if it is one under these codes; None for a code that is not; else the text as it is."""
    districts = [division for division in province.find(text) if not division.code.endswith("00")]
    named = _best(province, [division for division in districts if not prefixes or division.code.startswith(prefixes)])
    if len(named) == 1:
        return next(iter(named))
    return None if _CODE.fullmatch(text) else text


def _best(province: Province, divisions: Iterable[Division]) -> Mapping[str, Division]:
    """The best matches, by their present names: present ones before former ones, the latest of those first, and
    prefectures before counties; of a city and a county of one name (伊宁), the city."""
    ranks: dict[tuple[str, bool], dict[str, Division]] = {}
    for division in divisions:
        rank = division.last_listed or "present", division.code.endswith("00")
        ranks.setdefault(rank, {})[province.present(division).name] = division
    named = ranks[max(ranks)] if ranks else {}
    if len(named) > 1 and len({division.stem for division in named.values()}) == 1:
        return {name: division for name, division in named.items() if name.endswith("市")} or named
    return named
