"""Values that break programs, and bodies in which one stands where a good one stood."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30),
    *(
        Decimal("1E+2"),
        Decimal("-0.00"),
        Decimal("1e-7"),
        Decimal("0E+999999"),
        Decimal("1e308"),
        Decimal("1e999999999"),
    ),
    *(float("nan"), float("inf"), -0.0, 0.1 + 0.2, 1e22, True, False),
)
TEXTS: tuple[str, ...] = (
    *("", " ", "\t\n", "\0", "王\0明", "a\r\nb", "\x1b[31m", "\x7f", "\x85"),
    *("\ud800", "a\udfff", "\ufffe", "\U0010ffff", "\ue000", "\ufffd"),
    *("é" * 60, "e\u0301" * 60, "\U0001d160" * 21, "\u0344" * 40, "\u0315\u0300" * 300, "\ufb2c" * 50, "ﷺ" * 60),
    *("\u200b", "\u202eabc", "a\u200db", "\ufeffa", "👨‍👩‍👧", "葛\U000e0100", "\U00031350", "\U0003fffd"),
    *("😀" * 60, "𠀀" * 60, "x" * 10_000, "'; drop table orders; --", "{}", "%s%n", "../../etc/passwd", "<a>&amp;"),
    *("1e99999999999999999999", "1E+2", "-0.00", "NaN", "Infinity", "0x10", "1_000", "１２", "٥١٨٠٥٧", "²", "½"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2016-12-31T23:59:60Z", "2026-02-29T00:00:00Z"),
    *("2026-11-23T09:30:00+24:00", "0000-00-00T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T09:30", "-1", "12:00"),
    *("省直辖", "市辖区", "11", "999999", "00000000-0000-0000-0000-000000000000", "null", "true"),
    *("+86 10 6552 9988 ext 1", "tel:;phone-context=x", "+" * 30, "0" * 30, "52213119900101001X", "000000000000000000"),
)
OTHERS: tuple[Any, ...] = (None, [], {}, [[]], [None], {"": None}, {"\ud800": 1}, [0] * 200, {"a": {"b": {"c": []}}})


def values() -> st.SearchStrategy[Any]:
    """A value that breaks programs, or any text, or any value of JSON."""
    return st.one_of(
        st.sampled_from(NUMBERS + TEXTS + OTHERS),
        st.text(st.characters(exclude_categories=()), max_size=80),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=8,
        ),
    )


def places(value: Any, within: Path = ()) -> Iterator[Path]:
    """Every place in a body, the whole included."""
    yield within
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*within, name))


def put(body: Any, place: Path, value: Any) -> Any:
    """The body with another value at this place."""
    if not place:
        return value
    changed = copy.deepcopy(body)
    target = changed
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    return changed


def spoilt(body: Any) -> st.SearchStrategy[Any]:
    """The body with one or two of its values replaced, taken away, or put beside."""
    known_places = list(places(body))

    def change(draws: list[tuple[int, Any]]) -> Any:
        changed = body
        for index, value in draws:
            places_there = [place for place in known_places if _there(changed, place)]
            changed = put(changed, places_there[index % len(places_there)], value)
        return changed

    change_of_a_place = st.tuples(st.integers(0, len(known_places) - 1), values())
    return st.lists(change_of_a_place, min_size=1, max_size=2).map(change)


def _there(body: Any, place: Path) -> bool:
    for step in place:
        inside = step in body if isinstance(body, dict) else isinstance(body, list) and step in range(len(body))
        if not inside:
            return False
        body = body[step]
    return True


def as_json(body: Any) -> bytes:
    """The body as text, numbers as they are written, half characters as escapes."""
    return _text(body).encode()


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)
