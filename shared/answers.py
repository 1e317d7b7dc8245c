"""JSON from outside, read within bounds. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

DEEPEST = 32
"""Levels of nesting; what nests deeper cannot be written again, or walked through, without a stack of its own."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def read_json(body: bytes) -> Any:
    """The value. ValueError: not JSON in UTF-8, NaN or an infinity, an integer of thousands of digits, or nested
    deeper than `DEEPEST`."""
    if body.count(b"[") + body.count(b"{") > DEEPEST and _deeper(body):
        raise ValueError("nested too deep")
    return _DECODER.decode(body.decode("utf-8-sig"))


def _deeper(body: bytes) -> bool:
    """Takes away the innermost pairs, level by level."""
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
