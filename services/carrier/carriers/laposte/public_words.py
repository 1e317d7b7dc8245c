"""Which of La Poste's free texts may be published: a partner and a place of our lists, and the name of a counter. Pure.

Everything else stays sealed with the event, as the text of an event does: it may name a person, a phone or an address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.addresses.cities import is_city
from services.addresses.letters import HAN

LONGEST_CITY = 60
LONGEST_NAME = 80
MOST_WORDS = 8
MOST_HAN = 20
MOST_DIGITS = 3
"""A phone, an id and a postcode have more; the number of an office has not."""

PARTNERS: Mapping[str, str] = {
    "chinapost": "China Post",
    "中国邮政": "China Post",
    "chinapostgroup": "China Post",
    "ems": "EMS",
    "emschina": "EMS",
    "chinaems": "EMS",
    "chinapostems": "China Post EMS",
    "laposte": "La Poste",
    "colissimo": "Colissimo",
    "chronopost": "Chronopost",
}
"""Who may carry a parcel between France and China, by the letters of the names that are seen, and as we publish it."""

SITE_WORDS = frozenset(
    {
        *("pfc", "ppdc", "pdc", "pic", "cdis", "acp", "hub", "plateforme", "colis", "agence", "bureau", "centre"),
        *("poste", "courrier", "tri", "de", "du", "la"),
    }
)
"""Words of the name of a site of La Poste, before its city."""

_COUNTER_WORDS = frozenset(
    {
        *("post", "poste", "postes", "postal", "bureau", "office", "relais", "relay", "pickup", "agence", "branch"),
        *("consigne", "locker", "station", "ems"),
    }
)
_COUNTER_HAN = re.compile(
    "邮政|邮局|郵局|支局|邮电|营业[部厅所]|网点|驿站|自提|代投|揽投|投递[部站]|速递|快递|快件|智能柜"
)
_END_HAN = re.compile(r"(?:[局所部厅店柜点站处心司]|邮政|速递|快递|EMS)[)）]?(?: ?\d{1,3})?")
"""What a counter's name in Chinese ends with: nobody's name comes after it."""
_COUNTER = re.compile(r"[^\W\d_]+(?:[ '’.,()（）/·-]{1,2}[^\W\d_]+)*[)）]?(?: ?\d{1,3})?")
_NUMBERED = re.compile(r"第\d{1,3}(?=[^\W\d_])")
_HOUSE = re.compile("[〇零一二三四五六七八九十百][号號栋幢室楼层]")
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(f"[{HAN}]")
_SPOKEN = frozenset("幺两")
"""Digits as they are said on the phone, beside those that Unicode knows for numbers."""


def partner(value: Any) -> str | None:
    """Who carries the parcel abroad, of the list."""
    return PARTNERS.get(re.sub("[ -]", "", _line(value).casefold()))


def city(value: Any) -> str | None:
    """A city of our lists, in the carrier's spelling; a site of La Poste's is its words and such a city (PFC LYON)."""
    text = _line(value)
    if not text or len(text) > LONGEST_CITY:
        return None
    if is_city(text):
        return text
    words = text.split(" ")
    while words and words[0].casefold() in SITE_WORDS:
        words.pop(0)
    return text if is_city(" ".join(words)) else None


def counter(value: Any) -> str | None:
    """The name of a counter where a parcel waits: it says that it is one, has few words, and no digits but a number of
    its own, at its end or after 第. A house's number, a phone and an id have no place in it."""
    text = _line(value)
    if len(text) > LONGEST_NAME or not _COUNTER.fullmatch(_NUMBERED.sub("第", text)) or _HOUSE.search(text):
        return None
    if sum(character.isnumeric() or character in _SPOKEN for character in text) > MOST_DIGITS:
        return None
    if characters := len(_HAN.findall(text)):
        ends = any(end.end() == len(text) for end in _END_HAN.finditer(text))
        return text if characters <= MOST_HAN and ends and _COUNTER_HAN.search(text) else None
    words = _WORD.findall(text.casefold())
    return text if len(words) <= MOST_WORDS and not _COUNTER_WORDS.isdisjoint(words) else None


def _line(value: Any) -> str:
    """The text in one line, or an empty one in place of what is none or cannot be printed."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if text.isprintable() else ""
