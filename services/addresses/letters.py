"""Which texts can be spelt in Latin letters at all. Intake asks; how they are spelt is in `latin`."""

from __future__ import annotations

import re
import unicodedata

HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, as a range of a regular expression."""
_READABLE = re.compile("(?![兙兡嗧桛烪瓧瓰瓱瓼甅])[\u4e00-\u9fa5]")
"""Of these a reading is known; the ten are Japan's units of measure and the like."""
_SPECIAL = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L"}
    | dict.fromkeys("‘’ʼ`´", "'")
    | dict.fromkeys("“”«»", '"')
    | dict.fromkeys("–—‐‑−·•、，；。：", " ")
)
_ASCII = re.compile("[^ -~]+")
_LETTER = re.compile("[A-Za-z]")
_LETTER_OR_DIGIT = re.compile("[A-Za-z0-9]")


def ascii_only(text: str) -> str:
    """The text in ASCII: letters lose their accents, what is no Latin letter is left out."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_SPECIAL))
    return " ".join(_ASCII.sub("", decomposed).split())


def can_be_spelt(text: str, *, as_name: bool = False) -> bool:
    """Whether something of the text can be written in Latin letters; of a name, a letter."""
    latin = (_LETTER if as_name else _LETTER_OR_DIGIT).search(ascii_only(text))
    return latin is not None or _READABLE.search(unicodedata.normalize("NFKC", text)) is not None
