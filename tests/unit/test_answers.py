"""JSON from outside: read as it is, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.answers import DEEPEST, read_json

SCALARS = st.none() | st.booleans() | st.integers() | st.text(alphabet='"\\[]{}xé\n')
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='"\\[{x'), inner))


@given(VALUES, st.booleans())
def test_what_is_json_is_read_as_it_is(value: Any, ascii_only: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


def nested(levels: int, opened: str = "[", closed: str = "]") -> bytes:
    return (opened * levels + closed * levels).encode()


def test_nesting_has_a_bound() -> None:
    assert read_json(nested(DEEPEST))
    assert read_json(b"[" + b",".join([nested(DEEPEST - 1)] * 100) + b"]")
    assert read_json(json.dumps(["[" * 1_000, '\\"{' * 1_000]).encode())
    for body in (nested(DEEPEST + 1), nested(DEEPEST + 1, '{"a":[', "]}"), nested(900), b"[" * 100_000):
        with pytest.raises(ValueError, match="too deep"):
            read_json(body)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"NaN", b"[Infinity]", b"9" * 5_000, b'"\xff"', "[]".encode("utf-16")]
)
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever way
        read_json(body)
