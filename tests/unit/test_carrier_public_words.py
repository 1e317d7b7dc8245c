"""Which of La Poste's words leave: a partner and a city of a list, and a counter that says that it is one."""

from __future__ import annotations

from typing import Any

import pytest

from services.carrier.carriers.laposte.public_words import city, counter, partner


@pytest.mark.parametrize(
    ("words", "published"),
    [
        ("China Post", "China Post"),
        (" CHINA\nPOST ", "China Post"),
        ("中国邮政", "China Post"),
        ("ems", "EMS"),
        ("China Post EMS", "China Post EMS"),
        ("China Post 138", None),
        ("China Post Wang", None),
        ("China\u202ePost", None),
        ("Wang Xiaoming", None),
        ("", None),
        (7, None),
        (["EMS"], None),
    ],
)
def test_a_partner_is_of_a_list(words: Any, published: str | None) -> None:
    assert partner(words) == published


@pytest.mark.parametrize(
    "words",
    [
        *("Shanghai", "SHANGHAI", "上海市", "上海", "广东省深圳市南山区", "Shenzhen, Guangdong", "Nanshan Qu", "Xi'an"),
        *("PEKIN", "Hong Kong", "Roissy", "ROISSY CDG", "Roissy-en-France", "ST DENIS", "L'Haÿ-les-Roses"),
        *("PFC LYON", "PPDC NANTES", "BUREAU DE POSTE DE LYON"),
    ],
)
def test_a_city_is_of_a_list_or_the_site_of_one(words: str) -> None:
    assert city(words) == words


@pytest.mark.parametrize(
    "words",
    [
        *(
            "Wang Xiaoming",
            "WANGXIAOMING",
            "王小明",
            "Wang Jiang",
            "望江",
            "Camille Demain",
            "PFC WANG",
            "PFC",
            "-",
            "",
        ),
        *(
            "Paris 15",
            "75015 Paris",
            "Paris 1380013",
            "Paris ①",
            "Paris王小明",
            "王小明 上海市",
            "Paris, Wang Xiaoming",
        ),
        *(
            "Lyon, Lyon, Lyon, Lyon",
            "上海上海上海上海",
            "世纪大道",
            "VENTE ON LINE",
            "Lyon" + " " * 3 + "\u202e",
            "x" * 61,
        ),
        *(7, None, ["Paris"]),
    ],
)
def test_any_other_words_in_the_place_of_a_city_are_left_out(words: Any) -> None:
    assert city(words) is None


@pytest.mark.parametrize(
    "words",
    [
        *("望京邮政支局", "北京望京邮政支局", "三里屯第二邮政支局", "第2邮政支局", "菜鸟驿站(阳光小区店)", "EMS"),
        *("BUREAU 12", "Post office 7", "Bureau de poste de Lyon Part-Dieu", "RELAIS PICKUP (GARE)"),
    ],
)
def test_a_counter_says_that_it_is_one(words: str) -> None:
    assert counter(words) == words


@pytest.mark.parametrize(
    "words",
    [
        *("王小明", "Wang Xiaoming", "阳光小区"),  # no word of a counter
        *("望京邮政支局 王小明", "邮局王小明", "菜鸟驿站(王小明)", "望京邮政支局 Wang Xiaoming"),
        *("13800138000", "Post 13800138000", "Post 138 0013 8000", "Post 1380", "邮局１３８００１３８０００"),
        *("邮局一三八零零一三八零零零", "邮局幺三八零", "Post ①②③④", "Post 11010519491231002X"),
        *("科技园南路1号邮局", "科技园邮局1号3栋502室", "中关村大街三号邮局", "7 RUE DU GUICHET POSTE", "邮局 1 2 3"),
        *("x@y.post", "Poste: Wang", "Poste +33", "Post a\u202eb"),
        *("post a b c d e f g h", "邮局" + "京" * 19, "post " + "x" * 76, "", 7, None),
    ],
)
def test_any_other_words_in_the_place_of_a_counter_are_left_out(words: Any) -> None:
    assert counter(words) is None
