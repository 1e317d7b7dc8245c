"""Amounts of money in the bodies of requests: judged by value, kept to the cent, and answered as they are kept."""

from __future__ import annotations

import re
from decimal import Decimal

from pydantic_core import PydanticCustomError

_CENT = Decimal("0.01")
_TEXT = re.compile(r"\d{1,30}(\.\d{1,2})?", re.ASCII)
_BEYOND = Decimal(10) ** 12
"""More than any contract holds."""


def amount(value: object) -> object:
    """An amount to the cent. As text: digits and a point. As a number it is judged by its value, however it is written:
    1E+2 is 100, and -0.0 is nothing. Kept and answered with two decimals.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise PydanticCustomError("amount_type", 'Must be a decimal as a string or a number, e.g. "12.50"')
    if isinstance(value, str) and not _TEXT.fullmatch(value):
        raise _form()
    number = Decimal(str(value) if isinstance(value, float) else value)
    if number.is_nan() or number < 0:
        raise _form()
    if number > _BEYOND:
        return _BEYOND  # beyond every bound, and never written out
    kept = number.quantize(_CENT)
    if kept != number:
        raise _form()
    return abs(kept)


def _form() -> PydanticCustomError:
    return PydanticCustomError("amount_form", 'Must be a decimal from 0 on with two decimals at most, e.g. "12.50"')
