"""The words of tracking's pages beyond those that every page needs: actions, reasons, goods, weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.numbers import format_decimal

from contracts.csv_rows import csv_rows
from services.pages.words import LANGUAGES, Language, Words, tables


@dataclass(frozen=True, slots=True)
class TrackingWords(Words):
    """The texts of one language."""

    headings: Mapping[str, str]
    """Goods by the first two or four digits of their code in the Harmonized System."""

    def action(self, code: str) -> str:
        """What someone must do; for an action that this version does not know, that of `look_into`."""
        return self.known("actions", code) or self.of("actions", "look_into")

    def reason(self, code: str | None) -> str | None:
        """A reason, or None for a code that is internal."""
        return self.known("reasons", code)

    def goods(self, hs_code: str | None) -> str | None:
        """What goods of this code are, in general words; None for a code that is not in the table."""
        return (self.headings.get(hs_code[:4]) or self.headings.get(hs_code[:2])) if hs_code else None

    def kilograms(self, grams: int) -> str:
        return f"{format_decimal(grams / 1000, '0.00', self.locale)} kg"


def load(folder: Path = Path(__file__).parents[1] / "translations") -> dict[Language, TrackingWords]:
    """All languages, from their files."""
    goods, texts = csv_rows(folder / "goods.csv"), tables(folder)
    return {
        language: TrackingWords(language, texts[language], {row["hs"]: row[language] for row in goods})
        for language in LANGUAGES
    }
