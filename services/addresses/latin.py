"""Chinese names and addresses in Latin letters: Hanyu Pinyin, without tones and in ASCII.

Words are parted and capitalised as GB/T 28039-2011 (names) and GB/T 16159-2012 (orthography) have it: surname before
given name, `Nanlu` for 南路, an apostrophe before a syllable that begins with a, e or o (Xi'an), yu for ü.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pypinyin import lazy_pinyin

from contracts.csv_rows import csv_rows
from services.addresses.letters import HAN, ascii_only

SURNAMES = Path(__file__).parent / "surnames.csv"
_UNREAD: Any = lambda characters: [""] * len(characters)  # noqa: E731 - pypinyin's types know of one text alone
LONGEST_NAME = 4
"""Characters of a person's name in Chinese, one more with a surname of two: what is longer is a firm."""
LONGEST_WORD = 4
"""Syllables of a word whose end is not known; more would fit on no line."""

_HAN_RUN = re.compile(f"[{HAN}]+")
_RUNS = re.compile(f"[{HAN}]+|[^{HAN}]+")
_BRACKETS = str.maketrans(dict.fromkeys("()[]{}<>【】《》〈〉「」", " "))
_SAYS_SOMETHING = re.compile("[A-Za-z0-9]")
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z' .-]+")
_GENERIC = re.compile(
    f"(?<=[{HAN}]{{2}})[东南西北中](?:路|街)|大道|大街|胡同|路|街|巷|弄|号楼|单元|小区|社区|街道|广场|大厦|公寓|花园|工业园区|工业园|开发区"
    "|园区|中心|大学|学院|医院|银行|集团|有限公司|公司|[号栋幢座楼层室镇乡区县市省]"
)
"""What follows the name of a place, and is a word of its own. A side goes with its street (浦东南路: Pudong Nanlu),
unless only one character would be left (云南路: Yunnan Lu)."""


@dataclass(frozen=True, slots=True)
class LatinName:
    """A name as a label has it. A name that cannot be parted is a surname alone."""

    surname: str
    given: str = ""


def name(text: str) -> LatinName:
    """A person's or a firm's name. Digits and signs are left out; empty when nothing of it can be spelt."""
    chinese = "".join(unicodedata.normalize("NFKC", text).split())
    if not _HAN_RUN.fullmatch(chinese):
        return LatinName(_letters_only(" ".join(words(text.replace("·", " ")))))
    surname = _surname(chinese)
    if len(chinese) > LONGEST_NAME + len(surname) - 1:
        return LatinName(" ".join(words(chinese)))
    family = surnames().get(surname) or _word(_syllables(surname))
    given = _word(_syllables(chinese[len(surname) :]))
    return LatinName(family, given) if family else LatinName(given)


def words(text: str) -> list[str]:
    """The words of an address or any other text; what cannot be spelt is left out."""
    runs = _RUNS.findall(unicodedata.normalize("NFKC", text).translate(_BRACKETS))
    return [word for run in runs for word in _words(run) if _SAYS_SOMETHING.search(word)]


def _words(run: str) -> Iterable[str]:
    return _chinese_words(run) if _HAN_RUN.fullmatch(run) else ascii_only(run).split()


def _chinese_words(run: str) -> Iterator[str]:
    syllables = _syllables(run)
    start = 0
    for match in _GENERIC.finditer(run):
        yield from _parted(syllables[start : match.start()])
        yield from _parted(syllables[match.start() : match.end()])
        start = match.end()
    yield from _parted(syllables[start:])


def _parted(syllables: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(syllables), LONGEST_WORD):
        if word := _word(syllables[start : start + LONGEST_WORD]):
            yield word


def _syllables(chinese: str) -> list[str]:
    """One a character, empty for one whose reading is not known."""
    return [_with_yu(syllable) for syllable in lazy_pinyin(chinese, errors=_UNREAD)]


def _with_yu(syllable: str) -> str:
    return ascii_only(re.sub("[vü]", "yu", syllable))


def _word(syllables: Iterable[str]) -> str:
    """One word, in capitals as a name has them."""
    word = ""
    for syllable in syllables:
        word += f"'{syllable}" if word and syllable[:1] in tuple("aeo") else syllable
    return word[:1].upper() + word[1:]


def spelt(syllables: Iterable[str]) -> str:
    """Syllables of pinyin as one word, with v for ü as lists of divisions have it."""
    return _word(map(_with_yu, syllables))


def _surname(chinese: str) -> str:
    """The characters of the surname: two when they are one of the table and a given name follows."""
    return chinese[:2] if len(chinese) > 2 and chinese[:2] in surnames() else chinese[:1]


def _letters_only(text: str) -> str:
    return " ".join(_NOT_OF_A_NAME.sub(" ", text).split()).strip(" .-'")


@cache
def surnames() -> Mapping[str, str]:
    """Surnames that are not spelt as their characters are usually read."""
    return {row["characters"]: row["spelling"] for row in csv_rows(SURNAMES)}
