"""The one reader of JSON that comes from outside, a client's or a counterpart's: RFC 8259, in UTF-8, bounded. Pure."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

DEPTH = 32
"""Objects and arrays inside one another."""
VALUES = 5_000
"""Values altogether; what is counted are commas and brackets, also those inside texts."""
DIGITS = 64
"""Characters of a number."""

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


class NotJson(ValueError):
    """Not JSON that may be read: which rule it breaks, and at which field."""

    def __init__(self, rule: str, message: str, field: str = "body") -> None:
        super().__init__(f"{field}: {message}")
        self.rule, self.message, self.field = rule, message, field


def read_strictly(body: bytes) -> Any:
    """What a client of ours sends: each name once, no half characters, a bounded number of values; fractions are
    Decimal. Raises NotJson."""
    value = _read(body, _STRICT, values=VALUES)
    if _HALF.search(body) and _half_character(value):
        raise NotJson("unicode", "a surrogate must be one of a pair")
    return value


def read_leniently(body: bytes, *, values: int | None = None) -> Any:
    """A counterpart's answer, kept as it came: a name may stand twice (the last counts), a text may hold half a
    character, fractions are float. `values`: how many at most, where the bytes are not bounded otherwise. Raises
    NotJson."""
    return _read(body, _LENIENT, values=values)


def _read(body: bytes, decoder: json.JSONDecoder, *, values: int | None) -> Any:
    # Counted before they are parsed: each value becomes an object, and each may be a fault that must be named.
    opened = body.count(b"{") + body.count(b"[")
    if values is not None and body.count(b",") + opened > values:
        raise NotJson("values", f"at most {values} values")
    try:
        value = decoder.decode(body.removeprefix(codecs.BOM_UTF8).decode())
    except RecursionError:
        raise _too_deep() from None
    except NotJson:
        raise
    except ValueError:
        raise NotJson("json", "the body must be JSON") from None
    if opened > DEPTH and _deeper(value, DEPTH):
        raise _too_deep()
    return value


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        # A name that does not look like a field's may be anything, even a person's name.
        raise NotJson("name_repeated", "each name once", twice if _NAME.fullmatch(twice) else "body")
    return fields


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise NotJson("number", f"a number has at most {DIGITS} characters")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > DIGITS:
        raise NotJson("number", f"a number has at most {DIGITS} characters")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise NotJson("number", "an exponent within bounds") from None


def _float(text: str) -> float:
    number = float(_decimal(text))
    if not math.isfinite(number):
        raise NotJson("number", "an exponent within bounds")
    return number


def _constant(_: str) -> NoReturn:
    raise NotJson("json", "NaN and Infinity are no JSON")


# Made once: `json.loads` with hooks makes a decoder for each text.
_STRICT = json.JSONDecoder(
    parse_int=_integer, parse_float=_decimal, parse_constant=_constant, object_pairs_hook=_object
)
_LENIENT = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _half_character(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return True
    return False


def _too_deep() -> NotJson:
    return NotJson("depth", f"at most {DEPTH} objects and arrays inside one another")
