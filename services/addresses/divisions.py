"""The list of the divisions of mainland China: `divisions.csv`, which says its date and its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from contracts.csv_rows import csv_rows

FILE = Path(__file__).parent / "divisions.csv"
DIRECTLY_GOVERNED = "90"
"""The third and fourth digits of what a province governs itself, without a city between."""
CITY_KINDS = ("市", "地区", "盟", "州")
"""What the name of a city, or of what stands in its place, ends with."""


@dataclass(frozen=True, slots=True)
class Division:
    """A row of the list of divisions."""

    code: str
    """Six digits, GB/T 2260."""
    name: str
    stem: str
    """The name without its kind."""
    pinyin: str
    """A syllable a character, with a blank between."""
    last_listed: str
    """Year and month of the last list that had it; empty for a present one."""
    successor: str
    """The code of the present division that a former one became; empty when there is none."""

    @property
    def is_city(self) -> bool:
        """Whether addresses name it as a city: a prefecture, a county or county-level city, not a district."""
        return self.code.endswith("00") or not self.name.endswith("区") or self.code[2:4] == DIRECTLY_GOVERNED


@cache
def by_province() -> Mapping[str, tuple[Division, ...]]:
    """Every division, by the two digits of its province, which is the first."""
    divisions_of: dict[str, list[Division]] = {}
    for row in csv_rows(FILE):
        divisions_of.setdefault(row["code"][:2], []).append(Division(**row))
    return {digits: tuple(divisions) for digits, divisions in divisions_of.items()}
