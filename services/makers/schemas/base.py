"""The kinds of fields that vendors, brands and products share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import pycountry
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from contracts.base import CountryCode
from shared.text import UNPRINTABLE, begins_formula


def cleaned(rule: str, meaning: str, clean: Callable[[str], str]) -> AfterValidator:
    """A number in its compact form, or the fault that it breaks `rule`."""

    def judge(text: str) -> str:
        try:
            return clean(text)
        except ValueError:
            raise PydanticCustomError(rule, meaning) from None

    return AfterValidator(judge)


def _country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None:
        raise PydanticCustomError("country", "Must be an ISO 3166-1 alpha-2 code, e.g. FR")
    return code


def _no_formula(text: str) -> str:
    """A spreadsheet runs a cell that begins so; what is stated is also read as a spreadsheet."""
    if begins_formula(text):
        raise PydanticCustomError("formula", "Must not begin with = + - @, in any width, or a tab")
    return text


def _text(text: str) -> str:
    if UNPRINTABLE.search(text):
        raise PydanticCustomError("printable", "Must be one line of printable characters")
    if text != text.strip():
        raise PydanticCustomError("trimmed", "Must not begin or end with a blank")
    return text


Country = Annotated[CountryCode, AfterValidator(_country)]
"""ISO 3166-1 alpha-2."""
ONE_LINE = AfterValidator(_text)
NO_FORMULA = AfterValidator(_no_formula)
"""Of a text that a spreadsheet must show as it is."""
Text = Annotated[str, Field(min_length=1, max_length=200), ONE_LINE]
Name = Annotated[str, Field(min_length=1, max_length=100), ONE_LINE]
"""By which shoppers see something."""
