"""Text that a spreadsheet would run."""

from __future__ import annotations

import pytest

from shared.text import begins_formula


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "⁺", "⁼", "−", "⁻"]
)
def test_a_sign_begins_a_formula_in_any_width(sign: str) -> None:
    assert begins_formula(sign)
    assert begins_formula(f'{sign}HYPERLINK("https://example.org")')
    assert begins_formula(f"{sign}\u0338")
    assert not begins_formula(f"Savon {sign} olive")


@pytest.mark.parametrize(
    "text", ["", "Savon", "橄榄皂", "100 % olive", "«Savon»", "'=1", "–", "—", "≠", "ｓavon", "\ud800"]
)
def test_any_other_text_is_shown_as_it_is(text: str) -> None:
    assert not begins_formula(text)
