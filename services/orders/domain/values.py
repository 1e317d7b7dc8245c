"""The values of an order's body, one by one: what each may be, and the normalised form in which it is kept.

Limits are checked on the normalised form, so that a value gets the same answer however it is written. Every error
states what is expected, with an example, and repeats nothing of the value.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime

import phonenumbers
import pycountry
from phonenumbers import PhoneNumberType
from pydantic_core import PydanticCustomError
from stdnum.iso7064 import mod_11_2

from contracts.sls_limits import is_counted_up
from services.addresses.letters import can_be_spelt
from services.orders.domain.divisions import PROVINCES
from services.orders.domain.places import province_code

HS_CHAPTERS = frozenset(range(1, 98)) - {77}
"""Chapters of the Harmonized System; 77 is reserved, 98 and 99 are for national use."""

_MIDDLE_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･", "·"))
"""The ways in which keyboards write the dot within the names of many peoples; an identity card has U+00B7."""
_LATIN_NAME = re.compile(r"[A-Za-z\u00c0-\u024f' .·-]*[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f' .·-]*")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_PHONE_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_LETTER = re.compile(r"[^\W\d_]")
_EXTENSION = re.compile(
    r"(?P<number>.*\d\W*?)\s*(转|轉|分机|分機|内线|內線|;?ext=|extension|extn|ext|[x#*,;–—-])[\s.:]*\d{1,6}\s*", re.I
)
_RESIDENT_ID = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)


def person_name(value: str) -> str:
    """A person's name, with the middle dot of an identity card."""
    return value if value.isascii() else value.translate(_MIDDLE_DOTS)


def latin_name(value: str) -> str:
    """A name in Latin letters. Digits and other signs are refused: a label takes letters only."""
    if not _LATIN_NAME.fullmatch(value) or not can_be_spelt(value, as_name=True):
        raise PydanticCustomError("not_latin", "Must be in Latin letters, with no digits, e.g. Li Lei")
    return value


def spellable(value: str) -> str:
    """A text of which a label can show something: labels show Latin letters and digits, and Chinese as pinyin."""
    if not can_be_spelt(value):
        raise PydanticCustomError(
            "not_spellable", "Must hold digits, Latin letters or Chinese characters, for the label shows no others"
        )
    return value


def instant(value: object) -> object:
    """An instant in UTC, with microseconds; a number, or a time without an offset, is refused."""
    if value is None:
        return None
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # of the form, but on no day of the calendar
    raise PydanticCustomError(
        "instant_form", "Must be an ISO 8601 date and time with its offset, e.g. 2026-11-23T09:30:00+08:00"
    )


def country(value: str) -> str:
    if pycountry.countries.get(alpha_2=value) is None or len(value) != 2 or not value.isupper():
        raise PydanticCustomError("country_unknown", "Must be an ISO 3166-1 alpha-2 code, e.g. FR")
    return value


def destination(value: str) -> str:
    if country(value) != "CN":
        raise PydanticCustomError("destination_not_served", "Must be CN: we deliver in mainland China")
    return value


def hs_chapter(value: str) -> str:
    if int(value[:2]) not in HS_CHAPTERS:
        raise PydanticCustomError(
            "hs_chapter", "Must begin with a chapter of the Harmonized System, 01 to 97, e.g. 33049900"
        )
    return value


def province(value: str) -> str:
    """A province by the name of GB/T 2260."""
    match province_code(value):
        case None:
            raise PydanticCustomError(
                "province_unknown",
                "Must be a province of China by name in Chinese or pinyin, or by code (ISO 3166-2, GB/T 2260), "
                "e.g. 广东省, Guangdong, CN-GD or 440000",
            )
        case "elsewhere":
            raise PydanticCustomError("destination_not_served", "Must be a province of mainland China, e.g. 广东省")
        case code:
            return PROVINCES[code]


def phone(value: str) -> str:
    """A Chinese mobile or fixed-line number, in E.164. An extension is refused, for labels have no place for it; so are
    letters: an O is meant as a zero, and would be dialled as a six.
    """
    if _LETTER.search(value.removeprefix("tel:")):
        raise _phone_error(value)
    try:
        number = phonenumbers.parse(value, "CN")
    except phonenumbers.NumberParseException:
        raise _phone_error(value) from None
    if number.country_code != 86:
        raise PydanticCustomError("phone_country", "Must be a number of mainland China (+86), e.g. +86 138 0013 8000")
    if number.extension or phonenumbers.number_type(number) not in _PHONE_TYPES:
        raise _phone_error(value)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def label_phone(value: str) -> str:
    """A number, in E.164, that La Poste's label service takes."""
    if is_counted_up(value):
        raise PydanticCustomError(
            "phone_counted_up",
            "Must not have nine digits in a row that count up, as 123456789: the carrier refuses such a number",
        )
    return value


def _phone_error(value: str) -> PydanticCustomError:
    if _is_extended(value):
        return PydanticCustomError(
            "phone_extension",
            "Must have no extension, for the label cannot bear one: a number that is reached directly, "
            "e.g. 138 0013 8000 or 010-6552 9988",
        )
    return PydanticCustomError(
        "phone_invalid",
        "Must be a mobile or fixed-line number of China's plan, with its area code, "
        "e.g. 138 0013 8000, +86 10 6552 9988 or 0755-2601 2345",
    )


def _is_extended(value: str) -> bool:
    """Whether it is a number of China's plan, followed by what looks like an extension."""
    match = _EXTENSION.fullmatch(unicodedata.normalize("NFKC", value))
    try:
        return match is not None and phonenumbers.is_valid_number(phonenumbers.parse(match["number"], "CN"))
    except phonenumbers.NumberParseException:
        return False


def resident_id(value: str) -> str:
    """GB 11643, 18 characters: six of the region, eight of the date of birth, three of a sequence, ISO 7064 mod 11-2.

    The region is not looked up: it says where the number was given out, and regions are abolished while people keep
    their numbers. First digits: 1 to 6 are the mainland's regions (GB/T 2260, certain); 81, 82 and 83 the residence
    permits of people from Hong Kong, Macao and Taiwan (State Council, 2018, certain); 9 the permanent residence card
    for foreigners since 2023 (as its issuer describes it; no card was seen); 7 is Taiwan's in GB/T 2260, not known to
    be given out, and not refused; 0 is none, and refused.
    """
    number = unicodedata.normalize("NFKC", value).upper().translate({ord(" "): None, ord("-"): None})
    if len(number) != 18:
        raise PydanticCustomError("resident_id_length", "Must have 18 characters: 17 digits, and a digit or X")
    if not _RESIDENT_ID.fullmatch(number):
        raise PydanticCustomError("resident_id_form", "Must be 17 digits, the first not 0, and a digit or X")
    if not mod_11_2.is_valid(number):
        raise PydanticCustomError(
            "resident_id_checksum", "Must be written as on the card: the check character is wrong"
        )
    try:
        birth_date(number)
    except ValueError:
        raise PydanticCustomError(
            "resident_id_component", "Must hold a date of birth, as digits 7 to 14: YYYYMMDD"
        ) from None
    return number


def birth_date(number: str) -> date:
    """The date of birth in a resident id. ValueError when there is no such day."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
