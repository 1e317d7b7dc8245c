"""What each value of an order may be, and how it is kept: text, amounts, times, telephone numbers, resident ids."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError, PydanticKnownError
from stdnum.iso7064 import mod_11_2

from services.orders.domain.values import (
    destination,
    instant,
    label_phone,
    latin_name,
    person_name,
    phone,
    province,
    resident_id,
    spellable,
)
from shared.http.lines import single_line

LINE = single_line(60)


def rule(check: Callable[[Any], object], value: object) -> str:
    """Which rule the value breaks."""
    try:
        checked = check(value)
    except (PydanticCustomError, PydanticKnownError) as fault:
        return fault.type
    pytest.fail(f"taken, as {checked!r}")


# --- text -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "stored_text"),
    [
        ("\U00031350\U0002ebf0", "\U00031350\U0002ebf0"),  # Han of Unicode 15 and 15.1
        ("王\U000323b0\U0003347a", "王\U000323b0\U0003347a"),  # Han planes, not assigned in any Python we support
        ("葛\U000e0100", "葛\U000e0100"),  # a variant of a character, as registers of persons write it
        ("刘\ue863", "刘䶮"),  # as a system in GBK hands it on
        ("⿰亻尔", "⿰亻尔"),
        ("Anne-Sophie d’Arc O'Brien", "Anne-Sophie d’Arc O'Brien"),
        (" 王小明\n", "王小明"),
        ("e\u0301", "é"),
        ("\uf900", "\u8c48"),  # a compatibility character is the unified one
    ],
)
def test_rare_characters_are_taken(written: str, stored_text: str) -> None:
    assert LINE(written) == stored_text


@pytest.mark.parametrize("dot", "·•‧∙⋅・･")
def test_the_dot_within_a_name_is_that_of_the_identity_card(dot: str) -> None:
    assert person_name(f"阿不都{dot}艾力") == "阿不都·艾力"


@pytest.mark.parametrize(
    "code", [0x00, 0x0A, 0x85, 0x200B, 0x200D, 0x202E, 0x2028, 0xFEFF, 0xE000, 0xF8FF, 0xFFFD, 0xFFFF, 0x2FFFE, 0xE0041]
)
def test_what_cannot_be_printed_is_refused(code: int) -> None:
    assert rule(LINE, f"王{chr(code)}明") == "control_character"


def test_a_bound_is_judged_in_the_form_that_is_kept() -> None:
    assert LINE("e\u0301" * 60) == "é" * 60
    assert LINE(" " * 500 + "a" * 60) == "a" * 60
    assert rule(LINE, "\U0001d160" * 21) == "string_too_long"  # a musical note is three characters in form C
    assert rule(LINE, "\u0344" * 31) == "string_too_long"
    assert rule(LINE, "a" * 61) == "string_too_long"
    assert rule(LINE, "a" + "\u0315\u0300" * 100_000) == "string_too_long"


@given(st.text(max_size=130))
def test_a_kept_line_is_of_form_c_within_its_bound_and_kept_as_it_is(written: str) -> None:
    try:
        line = LINE(written)
    except (PydanticCustomError, PydanticKnownError):
        return
    assert 1 <= len(line) <= 60
    assert unicodedata.is_normalized("NFC", line)
    assert line == LINE(line)


# --- times ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:60Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2026-02-29T00:00:00Z",
        "2026-11-23T09:30:00+99:99",
        "0000-01-01T00:00:00Z",
        "2026-11-23T25:00:00Z",
        "２０２６-11-23T09:30:00Z",
    ],
)
def test_an_instant_on_no_day_of_the_calendar_is_refused(text: str) -> None:
    assert rule(instant, text) == "instant_form"


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T01:30:00Z", "2026-11-23 09:30+0800", "2026-11-23t01:30:00.0000000z", "2026-11-22T19:30:00-06:00"],
)
def test_an_instant_is_kept_in_utc(text: str) -> None:
    assert str(instant(text)) == "2026-11-23 01:30:00+00:00"


# --- telephone numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "stored_phone"),
    [
        ("13800138000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("0086 138 0013 8000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("＋８６ １３８００１３８０００", "+8613800138000"),
        ("\u202d138 0013 8000\u202c", "+8613800138000"),  # as a telephone copies it
        ("010-65529988", "+861065529988"),
        ("+86 10 6552 9988", "+861065529988"),
        ("(021) 5031 2345", "+862150312345"),
        ("028 8651 2345", "+862886512345"),
        ("0755-2601 2345", "+8675526012345"),
        ("0991-2345678", "+869912345678"),
        ("tel:+86-10-65529988", "+861065529988"),
    ],
)
def test_mobiles_and_fixed_lines_are_taken(written: str, stored_phone: str) -> None:
    assert phone(written) == stored_phone


@pytest.mark.parametrize(
    "behind",
    ["转801", "轉 801", " 分机 801", " ext. 801", "x801", ",801", "，801", ";801", "-801", "#801", "*801", ";ext=801"],
)
def test_an_extension_is_named_and_never_dropped(behind: str) -> None:
    assert rule(phone, f"010-65529988{behind}") == "phone_extension"


@pytest.mark.parametrize(
    "text",
    [
        *("65529988", "4001234567", "95588", "138OO138OOO", "13800138000/13900139000", "转801", "+86", "0" * 40, "-"),
        "1-2",  # a single digit with what looks like an extension is no number with one
    ],
)
def test_what_nobody_can_be_reached_at_is_refused(text: str) -> None:
    assert rule(phone, text) == "phone_invalid"


@pytest.mark.parametrize("text", ["+33 6 12 34 56 78", "+852 2345 6789", "+853 2882 8888", "+886 2 2345 6789"])
def test_a_number_of_another_country_or_customs_territory_is_refused_as_such(text: str) -> None:
    assert rule(phone, text) == "phone_country"


# --- where it goes ----------------------------------------------------------------------------------------------


def test_goods_go_to_mainland_china_only() -> None:
    """Hong Kong, Macao and Taiwan are customs territories of their own."""
    assert destination("CN") == "CN"
    assert [rule(destination, code) for code in ("FR", "HK", "MO", "TW")] == ["destination_not_served"] * 4
    assert [rule(destination, code) for code in ("XX", "cn", "CHN", "")] == ["country_unknown"] * 4


def test_a_province_is_kept_by_its_name_of_the_standard() -> None:
    assert [province(text) for text in ("广东", "Guangdong", "CN-GD", "440000")] == ["广东省"] * 4
    assert [rule(province, text) for text in ("香港特别行政区", "Macau", "CN-TW", "710000")] == [
        "destination_not_served"
    ] * 4
    assert rule(province, "Bavaria") == "province_unknown"


# --- resident ids -----------------------------------------------------------------------------------------------


def with_check(stem: str) -> str:
    return stem + str(mod_11_2.calc_check_digit(stem))


REGIONS = {
    "a region of today": "110105",
    "one that went to another province in 1997": "512930",
    "one that the library refuses": "110115",
    "one that the library fails on": "330113",
    "Hong Kong": "810000",
    "Macao": "820000",
    "Taiwan": "830000",
    "a foreigner": "911250",
}


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
def test_a_resident_id_is_judged_without_its_region(region: str) -> None:
    number = with_check(f"{region}19491231002")
    assert resident_id(number) == number
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert rule(resident_id, wrong) == "resident_id_checksum"


@given(st.integers(100_000, 999_999), st.dates(), st.integers(0, 999))
def test_every_region_is_taken(region: int, born: Any, sequence: int) -> None:
    number = with_check(f"{region}{born.year:04}{born:%m%d}{sequence:03}")
    assert resident_id(f" {number[:6]}-{number[6:].lower()} ") == number


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("1", "resident_id_length"),
        ("440524188001010014" + "0", "resident_id_length"),
        (with_check("01010519491231002"), "resident_id_form"),
        ("11010519491231002Y", "resident_id_form"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "resident_id_form"),
        (with_check("11010519490230002"), "resident_id_component"),
        (with_check("11010500000101002"), "resident_id_component"),
    ],
)
def test_a_resident_id_of_no_person_is_refused(text: str, broken: str) -> None:
    assert rule(resident_id, text) == broken
    assert resident_id("１１０１０５１９４９１２３１００２ｘ") == "11010519491231002X"


# --- what a label can show --------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["Li Lei", "Jean-Paul D'Arc", "Müller", "LYU Buwei", "Tenzin Gyatso", "J. R. Li"])
def test_a_name_in_latin_letters_is_taken_as_the_shop_spells_it(written: str) -> None:
    assert latin_name(written) == written


@pytest.mark.parametrize("written", ["李雷", "Li Lei 2", "-", "Li (Lei)", "Иван", "ŋ", "Li\nLei"])
def test_a_name_that_is_not_in_latin_letters_is_refused(written: str) -> None:
    assert rule(latin_name, written) == "not_latin"


@pytest.mark.parametrize("written", ["人民路1号", "12", "Rue X", "མཚོ 3"])
def test_a_street_of_which_a_label_can_show_something_is_taken(written: str) -> None:
    assert spellable(written) == written


@pytest.mark.parametrize("written", ["🏠", "མཚོ", "--", "улица"])
def test_a_street_of_which_a_label_can_show_nothing_is_refused(written: str) -> None:
    assert rule(spellable, written) == "not_spellable"


def test_a_number_that_the_carrier_refuses_is_refused_at_intake() -> None:
    assert rule(label_phone, phone("131 2345 6789")) == "phone_counted_up"
    assert label_phone(phone("138 1234 5678")) == "+8613812345678"
