"""Tracking numbers as people type and scanners read them. Pure.

An S10 identifier is printed in groups (`CY 123 456 785 FR`), and copied from pages with dots, dashes or small letters:
all mean the same number. Source: UPU S10, which prints it in groups and knows capitals and digits only.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator

from contracts.base import Code

LONGEST_TYPED = 128
"""Characters of what was typed; nothing longer is a number."""
_BETWEEN = re.compile(r"[\s.\-\u2010-\u2015\u00ad\u200b-\u200f\ufeff]+")


def as_printed(typed: str) -> str:
    """The number in capitals and digits, without what stands between them; full-width characters, which an input method
    for Chinese types, as plain ones. What is no number stays none."""
    if len(typed) > LONGEST_TYPED:
        return typed
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).upper()


TypedNumber: TypeAlias = Annotated[
    Code, BeforeValidator(lambda value: as_printed(value) if isinstance(value, str) else value)
]
"""A field of a request that has a tracking number."""
