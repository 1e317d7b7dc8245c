"""pydantic's faults in plain words: what the field must be, with an example, never the value that came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core import core_schema

BUILT_IN = frozenset(get_args(core_schema.ErrorType))
"""The rules whose messages are pydantic's; our own rules already state what is wanted."""

_PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$": "1 to 64 letters, digits, dots, colons, hyphens or underscores, "
    "the first a letter or digit, e.g. A-2026-0001",
    r"^[A-Z0-9][A-Z0-9-]{1,39}$": "2 to 40 capital letters, digits or hyphens, the first no hyphen, e.g. SERUM-30",
    r"^([0-9]{6}|[0-9]{8}|[0-9]{10})$": "6, 8 or 10 digits, e.g. 33049900",
    r"^[A-Z]{2}$": "a country of ISO 3166-1 in two capital letters, e.g. FR",
    r"\S": "a text that is not blank",
}
"""The forms of text in the contracts and the bodies of requests."""
_INSTANT = "a date and time with its offset, e.g. 2026-11-23T09:30:00+08:00"
_WHOLE = "a whole number, e.g. 2"
_OBJECT = "a JSON object"
_ID = "an id of 36 characters, e.g. 3f1c1f9e-6a5e-4f59-9a8e-0f4f5f6d7e8a"
_WANTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "datetime_from_date_parsing": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_type": _INSTANT,
    "decimal_whole_digits": 'an amount with {whole_digits} digits before the point at most, e.g. "12.50"',
    "dict_type": _OBJECT,
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_type": _WHOLE,
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_attributes_type": _OBJECT,
    "model_type": _OBJECT,
    "string_too_long": "a text of {max_length} characters at most",
    "string_too_short": "a text of {min_length} characters or more",
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "timezone_aware": _INSTANT,
    "too_long": "a list of {max_length} at most",
    "too_short": "a list of {min_length} or more",
    "uuid_parsing": _ID,
    "uuid_type": _ID,
}


def in_words(error: Mapping[str, Any]) -> str:
    """The message of one of pydantic's errors: a better one, or else its own."""
    rule, about = error["type"], error.get("ctx", {})
    if rule == "missing":
        return "Must be there"
    if rule == "extra_forbidden":
        return "Must not be there: there is no such field"
    wanted = _PATTERNS.get(about.get("pattern", "")) if rule == "string_pattern_mismatch" else _WANTED.get(rule)
    try:
        return f"Must be {wanted.format_map(about)}" if wanted else str(error["msg"])
    except KeyError:  # the bounds were left out
        return str(error["msg"])
