"""The dated tables that the regimes judge by: limits, rates, goods and customs' own codes.

A rule of the law is a row with the days on which it holds and its source; nothing here is a constant in the code.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"
_HS6 = 6
_TARIFF_LINE = 8
_CHINESE_CODE = 10


class NoRule(LookupError):
    """No row of the table holds on that day."""


@dataclass(frozen=True, slots=True)
class Row:
    """A value and the days on which it holds, both included; no last day means that it still does."""

    value: str
    valid_from: date
    valid_to: date | None
    source: str

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Amounts:
    """A dated amount, such as a limit or a rate."""

    name: str
    rows: tuple[Row, ...]

    def on(self, day: date) -> Decimal:
        """The amount of that day; NoRule before the first row."""
        return Decimal(self.row(day).value)

    def find(self, day: date) -> Decimal | None:
        """The amount of that day, if the rule existed then."""
        return next((Decimal(row.value) for row in self.rows if row.holds(day)), None)

    def row(self, day: date) -> Row:
        for row in self.rows:
            if row.holds(day):
                return row
        raise NoRule(f"{self.name} has no row for {day}")


@dataclass(frozen=True, slots=True)
class Headings:
    """Headings of the tariff, of any length; goods belong to a heading when their code begins with it."""

    rows: Mapping[str, tuple[Row, ...]]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Headings:
        by_code = _by_code(rows)
        return cls(by_code, tuple(sorted({len(code) for code in by_code})))

    def cover(self, hs_code: str, day: date) -> bool:
        return any(row.holds(day) for length in self.lengths for row in self.rows.get(hs_code[:length], ()))


@dataclass(frozen=True, slots=True)
class PositiveList:
    """The tariff lines (8 digits) that may come in as cross-border retail.

    Only a code of 10 digits is China's own and says its line. One of 6 digits, or of 8 as in the EU, shares no more
    than the first 6 with it: it passes when a line of the list begins with these, and the line declared is that one.
    """

    lines: Mapping[str, tuple[Row, ...]]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> PositiveList:
        lines: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda row: row.value):
            lines.setdefault(row.value[:_HS6], []).append(row)
        return cls({hs6: tuple(rows_of) for hs6, rows_of in lines.items()})

    def line(self, hs_code: str, day: date) -> str | None:
        """The line under which the goods come in on that day, or none."""
        for row in self.lines.get(hs_code[:_HS6], ()):
            if row.holds(day) and (len(hs_code) < _CHINESE_CODE or row.value == hs_code[:_TARIFF_LINE]):
                return row.value
        return None


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of China's customs parameter tables."""

    country: Mapping[str, str]
    currency: Mapping[str, str]
    unit: Mapping[str, str]
    transport_mode: Mapping[str, str]
    hold_reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tables:
    cbec_transaction: Amounts
    cbec_yearly: Amounts
    cbec_indivisible: Amounts
    cbec_return_days: Amounts
    postal_parcel: Amounts
    eu_deemed: Amounts
    cny_per_eur: Amounts
    positive_list: PositiveList
    barred_from_air: Headings
    prohibited: Headings
    barred_by_post: Headings
    excise: Headings
    codes: Codes


def load(directory: Path = DATA) -> Tables:
    """The tables of a directory. ValueError when rows of one amount overlap or are not what they should be."""
    limits, goods, codes = (_read(directory, name) for name in ("limits", "goods", "codes"))
    return Tables(
        cbec_transaction=_amounts(limits, "cbec_transaction_cny"),
        cbec_yearly=_amounts(limits, "cbec_yearly_cny"),
        cbec_indivisible=_amounts(limits, "cbec_indivisible_yearly_only"),
        cbec_return_days=_amounts(limits, "cbec_return_days"),
        postal_parcel=_amounts(limits, "postal_parcel_cny"),
        eu_deemed=_amounts(limits, "eu_deemed_declaration_eur"),
        cny_per_eur=_amounts(_read(directory, "rates"), "cny_per_eur"),
        positive_list=PositiveList.of(_rows(goods["positive_list"])),
        barred_from_air=Headings.of(_rows(goods["barred_from_air"])),
        prohibited=Headings.of(_rows(goods["prohibited"])),
        barred_by_post=Headings.of(_rows(goods["barred_by_post"])),
        excise=Headings.of(_rows(goods["excise"])),
        codes=Codes(**{name: value for name, value in codes.items() if name != "note"}),
    )


def _read(directory: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _rows(table: Sequence[Mapping[str, str | None]]) -> tuple[Row, ...]:
    return tuple(
        Row(
            value=str(row["value"] if "value" in row else row["code"]),
            valid_from=date.fromisoformat(str(row["from"])),
            valid_to=date.fromisoformat(row["to"]) if row["to"] else None,
            source=str(row["source"]),
        )
        for row in table
    )


def _amounts(tables: Mapping[str, Any], name: str) -> Amounts:
    rows = tuple(sorted(_rows(tables[name]), key=lambda row: row.valid_from))
    for earlier, later in itertools.pairwise(rows):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise ValueError(f"{name}: the rows of {earlier.valid_from} and {later.valid_from} overlap")
    return Amounts(name, rows)


def _by_code(rows: Iterable[Row]) -> dict[str, tuple[Row, ...]]:
    by_code: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        by_code[row.value] = (*by_code.get(row.value, ()), row)
    return by_code
