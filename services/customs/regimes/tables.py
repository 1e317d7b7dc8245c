"""The dated tables that the regimes judge by: limits, rates, lanes, goods, tariff, bands and customs' own codes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from contracts.base import OrderLine
from services.customs.regimes import bands, lanes, tariff
from services.customs.regimes.bands import Bands
from services.customs.regimes.lanes import Lanes
from services.customs.regimes.rates import check_rates
from services.customs.regimes.rows import Amounts, Headings, Restriction, Restrictions, Row, words_of
from services.customs.regimes.tariff import CHINESE_CODE, HS6, TARIFF_LINE, Tariff

DATA = Path(__file__).parent.parent / "data"


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
            lines.setdefault(row.value[:HS6], []).append(row)
        return cls({hs6: tuple(rows_of) for hs6, rows_of in lines.items()})

    def line(self, hs_code: str, day: date) -> str | None:
        """The line under which the goods come in on that day, or none."""
        for row in self.lines.get(hs_code[:HS6], ()):
            if row.holds(day) and (len(hs_code) < CHINESE_CODE or row.value == hs_code[:TARIFF_LINE]):
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
    cbec_tax_percent: Amounts
    postal_parcel: Amounts
    postal_tax_waived: Amounts
    eu_deemed: Amounts
    cny_per_eur: Amounts
    positive_list: PositiveList
    barred_from_air: Headings
    prohibited: Headings
    barred_by_post: Headings
    excise: Headings
    restricted_on_export: Restrictions
    tariff: Tariff
    postal_bands: Bands
    lanes: Lanes
    codes: Codes

    def is_endangered(self, line: OrderLine, day: date) -> bool:
        """Whether code or description say that it is of endangered animals, and no document that it is not."""
        restriction = self.restriction(line, day)
        return restriction is not None and bool(restriction.words)

    def restriction(self, line: OrderLine, day: date) -> Restriction | None:
        """Which permit the article needs to leave, unless its documents state that it needs none."""
        rows = self.restricted_on_export.of(line.hs_code)
        if not rows:
            return None
        endangered = self.tariff.is_endangered(line.hs_code, day)
        stated = {document.type for document in line.documents}
        for restriction in rows:
            if restriction.covers(line, endangered, day) and restriction.none_needed not in stated:
                return restriction
        return None


def load(directory: Path = DATA) -> Tables:
    """The tables of a directory. ValueError when rows of one amount overlap or are not what they should be."""
    limits, goods, codes = (_read(directory, name) for name in ("limits", "goods", "codes"))
    rates = replace(_amounts(_read(directory, "rates"), "cny_per_eur"), lasting=True)
    check_rates(rates.rows)
    return Tables(
        cbec_transaction=_amounts(limits, "cbec_transaction_cny"),
        cbec_yearly=_amounts(limits, "cbec_yearly_cny"),
        cbec_indivisible=_amounts(limits, "cbec_indivisible_yearly_only"),
        cbec_return_days=_amounts(limits, "cbec_return_days"),
        cbec_tax_percent=_amounts(limits, "cbec_tax_percent"),
        postal_parcel=_amounts(limits, "postal_parcel_cny"),
        postal_tax_waived=_amounts(limits, "postal_tax_waived_cny"),
        eu_deemed=_amounts(limits, "eu_deemed_declaration_eur"),
        cny_per_eur=rates,
        positive_list=PositiveList.of(_rows(goods["positive_list"])),
        barred_from_air=Headings.of(_rows(goods["barred_from_air"])),
        prohibited=Headings.of(_rows(goods["prohibited"])),
        barred_by_post=Headings.of(_rows(goods["barred_by_post"])),
        excise=Headings.of(_rows(goods["excise"])),
        restricted_on_export=Restrictions.of_rows(
            Restriction(row, frozenset(words_of(stated["words"])), stated["permit"], stated["none_needed"])
            for row, stated in zip(_rows(goods["restricted_on_export"]), goods["restricted_on_export"], strict=True)
        ),
        tariff=tariff.load(directory / "tariff.csv"),
        postal_bands=bands.load(directory / "postal_bands.csv"),
        lanes=lanes.load(directory / "lanes.json"),
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
            fixed_on=date.fromisoformat(fixed_on) if (fixed_on := row.get("fixed_on")) else None,
        )
        for row in table
    )


def _amounts(tables: Mapping[str, Any], name: str) -> Amounts:
    rows = tuple(sorted(_rows(tables[name]), key=lambda row: row.valid_from))
    for earlier, later in itertools.pairwise(rows):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise ValueError(f"{name}: the rows of {earlier.valid_from} and {later.valid_from} overlap")
    return Amounts(name, rows)
