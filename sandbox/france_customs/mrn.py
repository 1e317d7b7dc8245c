"""Movement reference numbers (MRN), with their check character."""

from __future__ import annotations

import re

from stdnum import iso6346

_MRN = re.compile(r"\d{2}[A-Z]{2}[A-Z0-9]{13}[0-9F]")
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mrn(year: int, country: str, serial: int) -> str:
    """Year, country, twelve characters, procedure (A = export), check character."""
    reference = ""
    for _ in range(12):
        serial, digit = divmod(serial, 36)
        reference = _BASE36[digit] + reference
    body = f"{year % 100:02d}{country}{reference}A"
    return body + str(iso6346.calc_check_digit(body))


def is_mrn(text: str) -> bool:
    """Whether the text is an MRN with the right check character (DG XXI/0879/99)."""
    return _MRN.fullmatch(text) is not None and str(iso6346.calc_check_digit(text[:17])) == text[17]
