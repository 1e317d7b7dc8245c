"""S10 identifiers, and what counts as a parcel's id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.carrier.domain.s10 import check_digit, is_parcel_id, is_valid, looks_like_s10


@pytest.mark.parametrize(
    "number",
    ["RB123456785GB", "EB000717618HK", "EB000717595HK", "EW112720413FR", "CY123456785FR", "LY000000014FR"],
)
def test_valid(number: str) -> None:
    assert is_valid(number)
    assert is_parcel_id(number)


@pytest.mark.parametrize("number", ["RB123456786US", "EW112720414FR", "RB12345678GB", "rb123456785gb", ""])
def test_invalid(number: str) -> None:
    assert not is_valid(number)


@given(st.from_regex(r"[A-Z]{2}[0-9]{8}", fullmatch=True))
def test_exactly_one_check_digit_is_right(head: str) -> None:
    right = [digit for digit in "0123456789" if is_valid(f"{head}{digit}FR")]
    assert right == [str(check_digit(head[2:]))]


@pytest.mark.parametrize(
    ("number", "accepted"),
    [
        ("6A00000000017", True),
        ("6C14140000002", True),  # La Poste's own sample, which fails Colissimo's check digit
        ("8Q000000004", True),  # 11
        ("8Q0000000042012", True),  # 15
        ("8Q00000000", False),
        ("8Q00000000420123", False),
        ("8Q0000 000042", False),
        ("CY123456784FR", False),  # of S10's form, with a wrong check digit
    ],
)
def test_parcel_ids(number: str, accepted: bool) -> None:
    assert is_parcel_id(number) is accepted


def test_form_is_not_validity() -> None:
    assert looks_like_s10("CY123456784FR")
    assert not looks_like_s10("6A00000000017")
