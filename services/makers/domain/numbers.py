"""The form of a company's numbers. Whether a number is anybody's is not known from its form: see `vies`.

Check digits and national forms are python-stdnum's: SIREN and SIRET (Luhn), the VAT numbers of the Union and of
Northern Ireland, IBAN (ISO 13616).
"""

from __future__ import annotations

import re

from stdnum import iban
from stdnum.eu import vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret

EORI = re.compile(r"[A-Z]{2}[A-Z0-9]{1,15}")
"""Regulation (EU) 2015/2446, annex 12-01: a country, then up to 15 characters."""
IN_VIES = {"GR": "EL"}
"""VIES' own country codes, where they are not those of ISO 3166-1."""


def clean_siren(text: str) -> str:
    """Nine digits with their check digit. Raises ValueError."""
    try:
        return str(siren.validate(text))
    except ValidationError:
        raise ValueError("siren") from None


def clean_vat(text: str) -> str:
    """The number with its country, without blanks. Raises ValueError."""
    try:
        return str(vat.validate(text))
    except ValidationError:
        raise ValueError("vat") from None


def clean_eori(text: str) -> str:
    """Raises ValueError. A French one is FR and a SIREN or SIRET, whose check digits are judged too."""
    number = text.replace(" ", "").upper()
    if not EORI.fullmatch(number):
        raise ValueError("eori")
    if number.startswith("FR"):
        digits = number[2:]
        if not (siren.is_valid(digits) or siret.is_valid(digits)):
            raise ValueError("eori")
    return number


def clean_iban(text: str) -> str:
    """Without blanks. Raises ValueError."""
    try:
        return str(iban.validate(text))
    except ValidationError:
        raise ValueError("iban") from None


def masked_iban(number: str) -> str:
    """The country, the check digits and the last four characters."""
    return f"{number[:4]}…{number[-4:]}"


def vat_country(country: str) -> str:
    """The code with which VAT numbers of this country begin."""
    return IN_VIES.get(country, country)


def split_vat(number: str) -> tuple[str, str]:
    """Country and number, as VIES takes them."""
    return number[:2], number[2:]
