"""Invented shoppers at real places in China; every number passes its check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from stdnum.iso7064 import mod_11_2

_FAMILY = "沈陆顾唐萧叶程苏魏蒋韩冯邓许曹彭曾吕丁任"
_GIVEN = ("思远", "雨桐", "嘉禾", "明轩", "书瑶", "子涵", "若溪", "景行", "云舒", "念慈", "知微", "怀瑾", "清越")
_NAMES = [family + given for given, family in product(_GIVEN, _FAMILY)]
_EPOCH = date(1998, 1, 5)


@dataclass(frozen=True)
class Place:
    """Names as China Post writes them. In a municipality the district takes the place of the city."""

    province: str
    city: str
    district: str
    street: str
    postcode: str
    region: str
    """GB/T 2260, the first six digits of a resident id issued there."""


PLACES = (
    Place("广东省", "深圳市", "南山区", "深南大道", "518057", "440305"),
    Place("上海市", "浦东新区", "", "世纪大道", "200120", "310115"),
    Place("北京市", "朝阳区", "", "建国路", "100020", "110105"),
    Place("浙江省", "杭州市", "西湖区", "文三路", "310012", "330106"),
    Place("江苏省", "苏州市", "姑苏区", "人民路", "215005", "320502"),
    Place("四川省", "成都市", "武侯区", "人民南路四段", "610041", "510107"),
    Place("湖北省", "武汉市", "武昌区", "中南路", "430061", "420106"),
    Place("陕西省", "西安市", "雁塔区", "小寨东路", "710061", "610113"),
    Place("福建省", "厦门市", "思明区", "湖滨南路", "361003", "350203"),
    Place("辽宁省", "大连市", "中山区", "人民路", "116001", "210202"),
    Place("重庆市", "渝中区", "", "民权路", "400010", "500103"),
    Place("山东省", "青岛市", "市南区", "香港中路", "266071", "370202"),
    Place("云南省", "昆明市", "五华区", "南屏街", "650031", "530102"),
    Place("湖南省", "长沙市", "岳麓区", "麓山路", "410006", "430104"),
    Place("天津市", "和平区", "", "南京路", "300041", "120101"),
    Place("广东省", "广州市", "天河区", "天河路", "510620", "440106"),
)


@dataclass(frozen=True)
class Person:
    name: str
    phone: str
    """E.164."""
    resident_id: str
    """GB 11643, with its check character."""
    place: Place
    street: str


def person(number: int) -> Person:
    """The same person for the same number; another phone and resident id for another number."""
    place = PLACES[number % len(PLACES)]
    born = _EPOCH + timedelta(days=(number * 397) % 3_001)
    sequence = 100 + number // 3_001 % 900
    stem = f"{place.region}{born:%Y%m%d}{sequence:03d}"
    return Person(
        name=_NAMES[(number * 7) % len(_NAMES)],
        phone=f"+86139{(10_000_019 + number * 7_919) % 100_000_000:08d}",
        resident_id=stem + mod_11_2.calc_check_digit(stem),
        place=place,
        street=f"{place.street}{11 + number % 288}号{1 + number % 18}栋{101 + number % 2_400}室",
    )
