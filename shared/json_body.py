"""The one reader of JSON that comes from outside: RFC 8259, in UTF-8, each name once, of bounded depth and size."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from shared.problems import FieldError, Problem

DEPTH = 32
"""Objects and arrays inside one another."""
VALUES = 5_000
"""Values altogether; commas and brackets are what is counted, those inside texts too."""
DIGITS = 64
"""Characters of a number."""

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


def read_json(body: bytes, *, floats: bool = False) -> Any:
    """The value; numbers with a fraction or an exponent are Decimal, or float if asked for.

    Raises Problem 400 that names the rule.
    """
    # Counted before anything is made of them: each becomes an object, and each may be a fault to be named.
    opened = body.count(b"{") + body.count(b"[")
    if body.count(b",") + opened > VALUES:
        raise _fault("values", f"at most {VALUES} values")
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float if floats else _decimal,
            parse_constant=_constant,
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise _fault("json", "the body must be JSON") from None
    if opened > DEPTH and _deeper(value, DEPTH):
        raise _too_deep()
    if _HALF.search(body) and _half_character(value):
        raise _fault("unicode", "a surrogate must be one of a pair")
    return value


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        # A name that looks like no field's may be anything, a person's too.
        raise Problem(
            400,
            "not JSON that can be read in one way",
            errors=[FieldError(twice if _NAME.fullmatch(twice) else "body", "name_repeated", "each name once")],
        )
    return found


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise _fault("number", f"a number has at most {DIGITS} characters")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > DIGITS:
        raise _fault("number", f"a number has at most {DIGITS} characters")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _fault("number", "an exponent within bounds") from None


def _float(text: str) -> float:
    number = float(_decimal(text))
    if not math.isfinite(number):
        raise _fault("number", "an exponent within bounds")
    return number


def _constant(_: str) -> NoReturn:
    raise _fault("json", "NaN and Infinity are no JSON")


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


def _too_deep() -> Problem:
    return _fault("depth", f"at most {DEPTH} objects and arrays inside one another")


def _fault(rule: str, message: str) -> Problem:
    return Problem(400, "not JSON", errors=[FieldError("body", rule, message)])
