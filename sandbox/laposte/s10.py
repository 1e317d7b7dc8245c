"""Parcel numbers of the Universal Postal Union (S10), with their check digit."""

from __future__ import annotations

import re

WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_S10 = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}")


def s10(service: str, serial: int, country: str) -> str:
    """The UPU S10 id of this serial (eight digits at the most), e.g. CY123456785FR."""
    digits = f"{serial:08d}"
    if len(digits) != 8:
        raise ValueError(f"an S10 serial has eight digits, not {len(digits)}")
    return f"{service}{digits}{_check_digit(digits)}{country}"


def is_s10(text: str) -> bool:
    """Whether the text is an S10 id with the right check digit."""
    return _S10.fullmatch(text) is not None and _check_digit(text[2:10]) == text[10]


def _check_digit(digits: str) -> str:
    remainder = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=True)) % 11
    return str({10: 0, 11: 5}.get(11 - remainder, 11 - remainder))
