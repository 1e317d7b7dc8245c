"""The words of tracking's pages beyond those that every page needs: actions, reasons, goods, weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from babel.numbers import format_decimal

from contracts.csv_rows import csv_rows
from services.pages.words import LANGUAGES, Language, Words, tables

Table: TypeAlias = Mapping[str, Mapping[str, str] | str]
OTHER = "other"
"""In place of a carrier that is not known: before there is a label, or to this version."""
_NAME = "{carrier}"


@dataclass(frozen=True, slots=True)
class TrackingWords(Words):
    """The texts of one language, with the name of a carrier or, as they are loaded, of none in particular."""

    headings: Mapping[str, str]
    """Goods by the first two or four digits of their code in the Harmonized System."""
    by_carrier: Mapping[str, Table]
    """The texts with each carrier's name in them."""

    def of_carrier(self, carrier: str | None) -> TrackingWords:
        """The texts with this carrier's name."""
        return replace(self, table=self.by_carrier.get(carrier or OTHER, self.table))

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
    words = {}
    for language in LANGUAGES:
        named = _by_carrier(texts[language])
        words[language] = TrackingWords(language, named[OTHER], {row["hs"]: row[language] for row in goods}, named)
    return words


def _by_carrier(table: Table) -> dict[str, Table]:
    carriers = table["carriers"]
    if isinstance(carriers, str):
        raise TypeError("the carriers are a group of names")
    return {carrier: _naming(table, carrier, name) for carrier, name in carriers.items()}


def _naming(table: Table, carrier: str, name: str) -> Table:
    """The texts with this name, with a capital where it begins one. The number of a carrier that is not known is called
    a tracking number."""

    def named(text: str) -> str:
        begins = text.startswith(_NAME)
        text = text.replace(_NAME, name)
        return text[:1].upper() + text[1:] if begins else text

    texts = {
        group: named(inner) if isinstance(inner, str) else {key: named(text) for key, text in inner.items()}
        for group, inner in table.items()
    }
    if carrier == OTHER and isinstance(ui := texts["ui"], dict):
        texts["ui"] = {**ui, "tracking_number": ui["tracking_number_plain"]}
    return texts
