"""Numbers the outside world gives out, each with its check digit."""

from __future__ import annotations

import re

from stdnum import iso6346

S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_S10 = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}")
_MRN = re.compile(r"\d{2}[A-Z]{2}[A-Z0-9]{13}[0-9F]")
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def s10(service: str, serial: int, country: str) -> str:
    """The UPU S10 id of this serial (eight digits at the most), e.g. CY123456785FR."""
    digits = f"{serial:08d}"
    if len(digits) != 8:
        raise ValueError(f"an S10 serial has eight digits, not {len(digits)}")
    return f"{service}{digits}{_s10_check(digits)}{country}"


def is_s10(text: str) -> bool:
    """Whether the text is an S10 id with the right check digit."""
    return _S10.fullmatch(text) is not None and _s10_check(text[2:10]) == text[10]


def _s10_check(digits: str) -> str:
    remainder = sum(weight * int(digit) for weight, digit in zip(S10_WEIGHTS, digits, strict=True)) % 11
    return str({10: 0, 11: 5}.get(11 - remainder, 11 - remainder))


def mrn(year: int, country: str, serial: int) -> str:
    """A movement reference number: year, country, twelve characters, procedure (A = export), check digit."""
    reference = ""
    for _ in range(12):
        serial, digit = divmod(serial, 36)
        reference = _BASE36[digit] + reference
    body = f"{year % 100:02d}{country}{reference}A"
    return body + str(iso6346.calc_check_digit(body))


def is_mrn(text: str) -> bool:
    """Whether the text is an MRN with the right check digit (DG XXI/0879/99)."""
    return _MRN.fullmatch(text) is not None and str(iso6346.calc_check_digit(text[:17])) == text[17]
