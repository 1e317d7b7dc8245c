"""Descriptions of goods in English, which La Poste requires when a parcel is delivered duty paid."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from contracts.csv_rows import csv_rows
from services.addresses.letters import ascii_only

FILE = Path(__file__).parent / "goods.csv"
_ANY = "Goods"


def general(hs_codes: Iterable[str], longest: int) -> str:
    """All that a parcel holds in general words, as many as fit: `Soap, Perfume`."""
    text = ""
    for words in dict.fromkeys(map(_heading, hs_codes)):
        more = f"{text}, {words}" if text else words
        if len(more) <= longest:
            text = more
    return text


def article(hs_code: str, description: str, longest: int) -> str:
    """An article: what it is in English, and then the shop's own words as far as they are in Latin letters and fit."""
    text = ascii_only(description)
    words = f"{_heading(hs_code)}: {text}" if text else _heading(hs_code)
    return textwrap.shorten(words, longest, placeholder="").rstrip(":")


def _heading(hs_code: str) -> str:
    return headings().get(hs_code[:4]) or headings().get(hs_code[:2]) or _ANY


@cache
def headings() -> Mapping[str, str]:
    """General words by the first two or four digits of a code."""
    return {row["hs"]: row["english"] for row in csv_rows(FILE)}
