"""Text as it can be kept, and as a spreadsheet shows it. Pure."""

from __future__ import annotations

import re
import unicodedata

UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\uffff"
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\U000f0000-\U0010ffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))
    + "]"
)
"""Controls, line ends, invisible and direction marks, surrogates, private use, noncharacters.

A fixed list: whether a character is assigned depends on the Unicode version of the interpreter, and people have names
in characters that are newer. Variation selectors, which choose the form of a Han character, are taken. The meaning of a
private-use character depends on the sender's font.
"""


_FORMULA = frozenset("=+-@\t\r\n\N{MINUS SIGN}")


def begins_formula(text: str) -> bool:
    """Whether a spreadsheet runs a cell with this text in place of showing it. Full-width, small and raised signs count
    as the plain ones that spreadsheets make of them. Source: OWASP, CSV injection."""
    return unicodedata.normalize("NFKC", text[:1])[:1] in _FORMULA


def storable(text: str) -> str:
    """The text as UTF-8 and PostgreSQL can hold it: half a character and NUL become question marks."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")
