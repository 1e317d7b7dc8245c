"""The dated tables that the regimes judge by: limits, rates, lanes, parties, goods, tariff, bands and
customs' own codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from contracts.base import OrderLine
from services.customs.regimes import bands, lanes, list_notes, parties, tariff
from services.customs.regimes.bands import Bands
from services.customs.regimes.lanes import Lanes
from services.customs.regimes.list_notes import ListNotes
from services.customs.regimes.parties import Agreements
from services.customs.regimes.rows import Amounts, Headings, Restriction, Restrictions, Row, words_of
from services.customs.regimes.rule_checks import CODES, check
from services.customs.regimes.rule_files import RuleFile, files_of
from services.customs.regimes.tariff import CHINESE_CODE, HS6, TARIFF_LINE, Tariff


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
    country_without_code: Mapping[str, str]
    """Countries of ISO 3166 that the table does not have, and why."""
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
    list_notes: ListNotes
    barred_from_air: Headings
    prohibited: Headings
    barred_by_post: Headings
    excise: Headings
    restricted_on_export: Restrictions
    tariff: Tariff
    postal_bands: Bands
    lanes: Lanes
    agreements: Agreements
    codes: Codes
    versions: Mapping[str, str]
    """By file: its name and the first digits of its SHA-256."""

    def is_endangered(self, line: OrderLine, day: date) -> bool:
        """Whether code or description say that it is of endangered animals, and no document that it is not."""
        return any(restriction.words for restriction in self.restrictions(line, day))

    def restrictions(self, line: OrderLine, day: date) -> tuple[Restriction, ...]:
        """Each permit that the article needs to leave, unless its documents state that it does not."""
        rows = self.restricted_on_export.of(line.hs_code)
        if not rows:
            return ()
        endangered = self.tariff.is_endangered(line.hs_code, day)
        stated = {document.type for document in line.documents}
        return tuple(
            restriction
            for restriction in rows
            if restriction.covers(line, endangered, day) and restriction.none_needed not in stated
        )


def load(release: Path | None = None) -> Tables:
    """The tables of the image, with the files of a release in their place. BadRules, a ValueError, names each fault by
    file, row, column and rule."""
    files = files_of(release)
    check(files)
    limits, goods = files["limits.json"], files["goods.json"]
    return Tables(
        cbec_transaction=_amounts(limits, "cbec_transaction_cny"),
        cbec_yearly=_amounts(limits, "cbec_yearly_cny"),
        cbec_indivisible=_amounts(limits, "cbec_indivisible_yearly_only"),
        cbec_return_days=_amounts(limits, "cbec_return_days"),
        cbec_tax_percent=_amounts(limits, "cbec_tax_percent"),
        postal_parcel=_amounts(limits, "postal_parcel_cny"),
        postal_tax_waived=_amounts(limits, "postal_tax_waived_cny"),
        eu_deemed=_amounts(limits, "eu_deemed_declaration_eur"),
        cny_per_eur=replace(_amounts(files["rates.json"], "cny_per_eur"), lasting=True),
        positive_list=PositiveList.of(_rows(goods, "positive_list")),
        list_notes=list_notes.load(files["list_notes.json"]),
        barred_from_air=Headings.of(_rows(goods, "barred_from_air")),
        prohibited=Headings.of(_rows(goods, "prohibited")),
        barred_by_post=Headings.of(_rows(goods, "barred_by_post")),
        excise=Headings.of(_rows(goods, "excise")),
        restricted_on_export=Restrictions.of_rows(
            Restriction(
                _row(row.columns),
                frozenset(words_of(row.columns["words"])),
                row.columns["permit"],
                row.columns["none_needed"],
            )
            for row in goods.rows("restricted_on_export")
        ),
        tariff=tariff.load(files["tariff.csv"]),
        postal_bands=bands.load(files["postal_bands.csv"]),
        lanes=lanes.load(files["lanes.json"]),
        agreements=parties.load(files["parties.json"]),
        codes=Codes(**{table: files["codes.json"].tables[table] for table in CODES}),
        versions={file.table: file.version for file in files.values()},
    )


def _rows(file: RuleFile, table: str) -> Iterator[Row]:
    return (_row(row.columns) for row in file.rows(table))


def _row(row: Mapping[str, str]) -> Row:
    return Row(
        value=row["value"] if "value" in row else row["code"],
        valid_from=date.fromisoformat(row["from"]),
        valid_to=date.fromisoformat(row["to"]) if row["to"] else None,
        source=row["source"],
        fixed_on=date.fromisoformat(fixed_on) if (fixed_on := row.get("fixed_on")) else None,
    )


def _amounts(file: RuleFile, name: str) -> Amounts:
    return Amounts(name, tuple(sorted(_rows(file, name), key=lambda row: row.valid_from)))
