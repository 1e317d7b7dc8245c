"""The slip beside a label: what is on the page, and that every printer has its characters."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader

from services.carrier.api.slip_pages import NoGlyph, slip_page


def lines_of(document: bytes) -> list[str]:
    pages = pypdfium2.PdfDocument(document)
    assert len(pages) == 1
    text: str = pages[0].get_textpage().get_text_bounded()
    pages.close()
    return text.splitlines()


def test_the_lines_stand_as_they_are_given() -> None:
    lines = ["CY123456785FR", "收件人 王小明", "电话 +8613800138000", "地址 深圳市 Building A 1号", "邮编 518057"]
    assert lines_of(slip_page(lines)) == lines


def test_the_font_of_the_characters_is_in_the_file() -> None:
    (page,) = PdfReader(BytesIO(slip_page(["收件人 王"]))).pages
    fonts: dict[str, Any] = page["/Resources"]["/Font"]  # type: ignore[index]  # objects by their names
    embedded = {font["/BaseFont"]: "/FontFile2" in font.get("/FontDescriptor", {}) for font in fonts.values()}
    assert [name.endswith("DroidSansFallback") for name, held in embedded.items() if held] == [True]
    assert all(held or name == "/Helvetica" for name, held in embedded.items())


def test_a_long_line_is_parted_between_characters_and_not_within_a_number() -> None:
    street = "科技园南路" * 20 + "123456789012号"
    lines = lines_of(slip_page([street]))
    assert len(lines) > 1
    assert "".join(lines) == street
    assert sum("123456789012" in line for line in lines) == 1


def test_a_word_that_fits_on_no_line_is_parted_too() -> None:
    lines = lines_of(slip_page(["x" * 200]))
    assert "".join(lines) == "x" * 200


def test_the_longest_slip_that_can_be_is_on_one_page_whole() -> None:
    """Fields as long as intake takes them: name 60, phone 20, province, city and district 60 each, street 120."""
    lines = ["CY123456785FR", "收件人 " + "新" * 60, "电话 " + "1" * 20, "地址 " + "疆" * 300, "邮编 518057"]
    assert "".join(lines_of(slip_page(lines))) == "".join(lines)


@pytest.mark.parametrize("name", ["䶮喆堃镕", "阿依古丽·买买提", "José“A”"])
def test_rare_characters_dots_and_accents_are_there(name: str) -> None:
    assert lines_of(slip_page([name])) == [name]


@pytest.mark.parametrize("name", ["\U00020bb7", "བསྟན", "王\x07"])
def test_a_character_that_would_be_left_out_is_refused(name: str) -> None:
    with pytest.raises(NoGlyph):
        slip_page(["收件人 王小明", name])
