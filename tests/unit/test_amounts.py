"""Amounts in the bodies of requests: the same value has the same answer, however it is written."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from services.warehouse.schemas.goods import ProductBody
from shared.http.amounts import amount


@pytest.mark.parametrize("number", ["100", "100.0", "100.00", "1E+2", "1e2", "0.1E3", "10000E-2", "100.000000"])
def test_a_number_is_judged_by_its_value(number: str) -> None:
    assert str(amount(json.loads(number, parse_float=Decimal))) == "100.00"
    assert str(amount(json.loads(number))) == "100.00"


@pytest.mark.parametrize("number", ["0", "-0", "-0.00", "0E+999999", "-0e-999999"])
def test_nothing_has_no_sign_and_no_exponent(number: str) -> None:
    assert str(amount(json.loads(number, parse_float=Decimal))) == "0.00"


@pytest.mark.parametrize("text", ["1E+2", "-0.00", "+1", ".5", "5.", "1,00", " 1", "1_0", "١٢", "NaN", "Infinity", ""])
def test_an_amount_as_text_is_digits_and_a_point(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="two decimals"):
        amount(text)


@pytest.mark.parametrize(
    "number", [Decimal("0.001"), Decimal("1e-999999999999999999"), Decimal("NaN"), float("nan"), -1]
)
def test_a_part_of_a_cent_and_less_than_nothing_are_refused(number: object) -> None:
    with pytest.raises(PydanticCustomError, match="two decimals"):
        amount(number)


@pytest.mark.parametrize("number", [Decimal("1e999999999999999999"), 10**4000, 1e300, float("inf"), "9" * 30])
def test_an_amount_beyond_every_bound_stays_beyond(number: object) -> None:
    read_amount = amount(number)
    assert isinstance(read_amount, Decimal)
    assert read_amount > 1_000_000_000


@given(st.integers(0, 10**14), st.integers(-4, 4))
def test_the_same_amount_is_kept_the_same_however_it_is_written(cents: int, shift: int) -> None:
    value = Decimal(cents).scaleb(-2)
    written = value.scaleb(-shift).scaleb(shift)
    plain = f"{value:.2f}"
    assert str(amount(plain)) == plain
    if value <= 10**12:
        assert str(amount(written)) == plain


@pytest.mark.parametrize(
    ("number", "reported"), [("1E+2", "100.00"), ("-0.00", "0.00"), ("7", "7.00"), ('"7.5"', "7.50")]
)
def test_the_value_of_a_product_is_shown_as_it_is_kept(number: str, reported: str) -> None:
    body = {
        "gtin": "4006381333931",
        "hs_code": "330499",
        "origin": "FR",
        "net_weight_g": 80,
        "length_mm": 50,
        "width_mm": 50,
        "height_mm": 120,
        "unit_value": {"amount": json.loads(number, parse_float=Decimal), "currency": "EUR"},
        "owner": "maison",
    }
    product = ProductBody.model_validate(body)
    assert product.model_dump(mode="json")["unit_value"] == {"amount": reported, "currency": "EUR"}
