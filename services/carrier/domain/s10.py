"""UPU S10: the 13-character identifier of a postal item, e.g. RB123456785GB.

Two letters of service, eight digits, a check digit, the ISO 3166 code of the issuing country. The check digit is
11 minus the sum of the digits weighted 8 6 4 2 3 5 9 7, modulo 11; a result of 10 becomes 0, one of 11 becomes 5.
"""

from __future__ import annotations

import re

_FORM = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")
_PARCEL_ID = re.compile(r"[A-Z0-9]{11,15}")
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def check_digit(serial: str) -> int:
    """The check digit of eight digits."""
    weighted = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, serial, strict=True))
    return {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11)


def looks_like_s10(number: str) -> bool:
    """Has the form of an S10 identifier; its check digit may still be wrong."""
    return _FORM.fullmatch(number) is not None


def is_valid(number: str) -> bool:
    """Has the form of an S10 identifier, and its check digit is right."""
    form = _FORM.fullmatch(number)
    return form is not None and check_digit(form[2]) == int(form[3])


def is_parcel_id(number: str) -> bool:
    """11 to 15 capitals and digits, as Suivi v2 takes them; one of S10's form must also pass S10's check.

    The check digits of Colissimo's own 13-character numbers are no reason to refuse: La Poste's samples fail them.
    """
    return _PARCEL_ID.fullmatch(number) is not None and (not looks_like_s10(number) or is_valid(number))
