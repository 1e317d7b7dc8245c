"""The one reader of JSON from outside: what it refuses, by which rule, and that it repeats nothing of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.json_body import read_json
from shared.http.json_reader import DEPTH, DIGITS, VALUES, NotJson, read_leniently
from shared.http.problems import Problem

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


@given(values, st.booleans())
def test_json_is_read_as_it_is(value: Any, escaped: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=escaped).encode()) == value
    assert read_leniently(json.dumps(value, ensure_ascii=escaped).encode()) == value


def test_fractions_are_exact_or_floats() -> None:
    assert read_json(b"[0.1, 1E2]") == [Decimal("0.1"), Decimal("1E2")]
    assert read_leniently(b"[0.1, 1E2]") == [0.1, 100.0]


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"", "body", "json"),
        (b"{]", "body", "json"),
        (b"NaN", "body", "json"),
        (b"[-Infinity]", "body", "json"),
        (b"\xff", "body", "json"),
        ("[]".encode("utf-16"), "body", "json"),
        (b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1), "body", "depth"),
        (b"[" * 4900 + b"]" * 4900, "body", "depth"),
        (b'{"a":' * (DEPTH + 1) + b"1" + b"}" * (DEPTH + 1), "body", "depth"),
        (b"[" + b"0," * VALUES + b"0]", "body", "values"),
        (b"[" + b"{}," * VALUES + b"{}]", "body", "values"),
        (b"9" * (DIGITS + 1), "body", "number"),
        (b"9." + b"9" * DIGITS, "body", "number"),
        (b"1e99999999999999999999", "body", "number"),
        (b'{"a": {"b": 1, "b": 1}}', "b", "name_repeated"),
        (b'{"\\u0061": 1, "a": 2}', "a", "name_repeated"),
        ('{"王小明": 1, "王小明": 2}'.encode(), "body", "name_repeated"),
        (b'["\\ud800"]', "body", "unicode"),
        (b'{"\\uDFFF": 1}', "body", "unicode"),
    ],
)
def test_what_is_refused(body: bytes, field: str, rule: str) -> None:
    with pytest.raises(Problem) as refused:
        read_json(body)
    assert refused.value.status == 400
    assert [(error.field, error.rule) for error in refused.value.errors] == [(field, rule)]
    assert "王" not in bytes(refused.value.response().body).decode()


def test_a_float_is_finite() -> None:
    with pytest.raises(NotJson, match="exponent"):
        read_leniently(b"1e999")


def test_what_a_counterpart_answers_is_kept_as_it_came() -> None:
    assert read_leniently(b'\xef\xbb\xbf{"a": 1, "a": "\\ud800"}') == {"a": "\ud800"}
    many = b"[" + b"0," * VALUES + b"0]"
    assert len(read_leniently(many)) == VALUES + 1
    with pytest.raises(NotJson, match="at most 5000 values"):
        read_leniently(many, values=VALUES)


def nested(levels: int, opened: str = "[", closed: str = "]") -> bytes:
    return (opened * levels + closed * levels).encode()


def test_nesting_has_a_bound_for_counterparts_too() -> None:
    assert read_leniently(nested(DEPTH))
    assert read_leniently(b"[" + b",".join([nested(DEPTH - 1)] * 100) + b"]")
    assert read_leniently(json.dumps(["[" * 1_000, '\\"{' * 1_000]).encode())
    for body in (nested(DEPTH + 1), nested(DEPTH + 1, '{"a":[', "]}"), nested(900), b"[" * 100_000):
        with pytest.raises(NotJson, match="inside one another"):
            read_leniently(body)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"NaN", b"[Infinity]", b"9" * 5_000, b'"\xff"', "[]".encode("utf-16")]
)
def test_what_no_counterpart_answers(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_leniently(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEPTH + b"]" * DEPTH,
        b"[" + b"[[]]," * 100 + b"0]",
        b"[" + b"0," * (VALUES - 1) + b"0]",
        b"9" * DIGITS,
        b'["\\ud83d\\ude00"]',
    ],
)
def test_what_is_just_within_the_bounds_is_read(body: bytes) -> None:
    assert read_json(body) is not None
