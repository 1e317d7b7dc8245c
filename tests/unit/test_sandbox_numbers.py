"""Numbers that the sandbox gives out: S10 of parcels, MRN of declarations."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso6346

from sandbox.france_customs.mrn import is_mrn, mrn
from sandbox.laposte.s10 import is_s10, s10


@pytest.mark.parametrize(
    "number", ["RB123456785GB", "EB000717618HK", "EB000717595HK", "EW112720413FR", "CY123456785FR", "LY000000014FR"]
)
def test_s10_check_digits_of_real_numbers(number: str) -> None:
    assert is_s10(number)
    assert s10(number[:2], int(number[2:10]), number[-2:]) == number


def test_a_wrong_s10_is_recognised() -> None:
    assert not is_s10("RB123456786US")
    assert not is_s10("6A00000000017")


@given(st.integers(0, 99_999_999))
def test_every_s10_given_out_is_valid(serial: int) -> None:
    assert is_s10(s10("CY", serial, "FR"))


def test_an_s10_serial_has_eight_digits() -> None:
    with pytest.raises(ValueError, match="eight digits"):
        s10("CY", 100_000_000, "FR")


@given(st.integers(0, 36**12 - 1), st.integers(2020, 2099))
def test_every_mrn_given_out_is_valid(serial: int, year: int) -> None:
    number = mrn(year, "FR", serial)
    assert re.fullmatch(r"[0-9]{2}[A-Z]{2}[A-Z0-9]{13}[0-9F]", number)
    assert number[-1] == str(iso6346.calc_check_digit(number[:17]))
    assert is_mrn(number)


def test_mrn_check_digits_of_published_numbers() -> None:
    assert is_mrn("99IT9876AB88901209")
    assert is_mrn("18GB0000601001EB15")
    assert not is_mrn("19GB0000601001EB15")
