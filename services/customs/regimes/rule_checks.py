"""The checks of every row of the rules. A fault names file, row, column and rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from contracts.carriers import CARRIERS, DECLARED
from contracts.vocabularies import REGIMES, TAX_PAYERS
from services.customs.regimes.lanes import lane_fault
from services.customs.regimes.list_notes import LIMITS, note_fault
from services.customs.regimes.parties import valid_eori
from services.customs.regimes.rates import rate_fault
from services.customs.regimes.rule_files import BadRules, RuleFault, RuleFile, RuleRow

MAX_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Column:
    rule: str
    accepts: Callable[[str], object]
    optional: bool = False

    def fault(self, value: str | None) -> str | None:
        if not value:
            return None if self.optional else "must not be empty"
        return None if self.accepts(value) else self.rule


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a table. Rows that are equal in the `key` columns are about the same thing: their days may not
    overlap."""

    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    """Columns of which both are stated, or neither."""
    may_be_empty: bool = False
    across: Callable[[Mapping[str, str]], tuple[str, str] | None] = lambda _: None
    """A rule about several columns of a row: the column and the rule that it breaks."""


def _is_amount(value: str) -> bool:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return False
    return amount.is_finite() and amount >= 0


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _of(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


def _one_of(*words: str) -> Column:
    return Column(f"must be one of {', '.join(words)}", words.__contains__)


def _or_nothing(column: Column) -> Column:
    return Column(column.rule, column.accepts, optional=True)


AMOUNT = Column("must be an amount of 0 or more, as 5000 or 9.50", _is_amount)
DAY = Column("must be a day, as 2026-12-01", _is_day)
TEXT = Column("must be text", bool)
HEADING = Column("must be 2 to 10 digits", _of(r"\d{2,10}"))
DOCUMENT = Column("must be a document's type, as C400", _of(r"[A-Z][0-9A-Z][0-9]{2}"))
UNIT = Column("must be a unit's code of three digits", _of(r"\d{3}"))
FIRM = Column("must be a firm's registered code, 10 or 18 digits and capitals", _of(r"[0-9A-Z]{10}|[0-9A-Z]{18}"))
FIRMS_NAME = Column("must be text of 100 characters at most", lambda value: len(value) <= 100)
FIRMS = ("platform", "seller", "agent", "logistics")
CONTENT = _one_of("g", "ml", "piece")
PRODUCTS = tuple(route.product for carrier in DECLARED for route in carrier.routes)
DATED = {"from": DAY, "to": _or_nothing(DAY), "source": TEXT}
SURE = {"sureness": _one_of("confirmed", "unconfirmed")}
AMOUNTS = Table({"value": AMOUNT, **DATED})
HEADINGS = Table({"code": HEADING, "name": TEXT, **DATED}, key=("code",))

TABLES: Mapping[str, Mapping[str, Table]] = {
    "limits.json": dict.fromkeys(
        (
            *("cbec_transaction_cny", "cbec_yearly_cny", "cbec_indivisible_yearly_only", "cbec_return_days"),
            *("cbec_tax_percent", "postal_tax_waived_cny", "postal_parcel_cny", "eu_deemed_declaration_eur"),
        ),
        AMOUNTS,
    ),
    "rates.json": {"cny_per_eur": Table({**AMOUNTS.columns, "fixed_on": _or_nothing(DAY)}, across=rate_fault)},
    "goods.json": {
        "positive_list": Table(
            {**HEADINGS.columns, "code": Column("must be a line of 8 digits", _of(r"\d{8}"))}, key=("code",)
        ),
        **dict.fromkeys(("barred_from_air", "prohibited", "barred_by_post", "excise"), HEADINGS),
        "restricted_on_export": Table(
            {**HEADINGS.columns, "words": _or_nothing(TEXT), "permit": DOCUMENT, "none_needed": DOCUMENT},
            key=("code", "permit"),
        ),
    },
    "list_notes.json": {
        "list_notes": Table(
            {
                **HEADINGS.columns,
                "code": Column("must be 2 to 8 digits, as the list's lines", _of(r"\d{2,8}")),
                "limit": _one_of(*LIMITS),
                "kilograms": _or_nothing(AMOUNT),
                **SURE,
            },
            key=("code", "limit"),
            may_be_empty=True,
            across=note_fault,
        )
    },
    "lanes.json": {
        "lanes": Table(
            {
                "name": TEXT,
                "regime": _one_of(*REGIMES),
                "carrier": _one_of(*CARRIERS),
                "product": _one_of(*PRODUCTS),
                "waybill_filed_by": _one_of("nobody", "agreed_firm"),
                "tax_paid_by": _one_of(*TAX_PAYERS),
                **dict.fromkeys(("transport_mode", "tax_collected_by"), TEXT),
                "office": Column("must be an office's code of four digits, or who knows it", _of(r"\d{4}|[a-z_]+")),
                **DATED,
            },
            key=("regime", "carrier", "product"),
            across=lane_fault,
        )
    },
    "parties.json": {
        "parties": Table(
            {
                "marketplace": TEXT,
                **{f"{firm}_code": _or_nothing(FIRM) for firm in FIRMS},
                **{f"{firm}_name": _or_nothing(FIRMS_NAME) for firm in FIRMS},
                "payment_code": _or_nothing(FIRM),
                "guarantor": _or_nothing(_one_of("agent", "seller", "logistics")),
                **DATED,
            },
            key=("marketplace",),
            pairs=tuple((f"{firm}_code", f"{firm}_name") for firm in FIRMS),
            may_be_empty=True,
        ),
        "exporters": Table(
            {"vendor": TEXT, "eori": Column("must be FR and the nine digits of a SIREN", valid_eori), **DATED},
            key=("vendor",),
            may_be_empty=True,
        ),
    },
    "tariff.csv": {
        "tariff": Table(
            {
                "code": Column("must be ten digits", _of(r"\d{10}")),
                "name": TEXT,
                "unit1": UNIT,
                "unit2": _or_nothing(UNIT),
                "mfn": AMOUNT,
                "vat": AMOUNT,
                **dict.fromkeys(("ct", "ct_from", "ct_per_litre"), _or_nothing(AMOUNT)),
                "content": _or_nothing(CONTENT),
                "grade": _or_nothing(_one_of("high", "ordinary")),
                "cites": _or_nothing(_one_of("yes")),
                **DATED,
                "replaced_by": Column("must be codes of ten digits", _of(r"\d{10}( \d{10})*"), optional=True),
                **SURE,
            },
            key=("code",),
        )
    },
    "postal_bands.csv": {
        "postal_bands": Table(
            {
                "code": _or_nothing(HEADING),
                "name": TEXT,
                "percent": AMOUNT,
                "from_cny": _or_nothing(AMOUNT),
                "per": _or_nothing(_one_of("content", "piece", "article")),
                **DATED,
                **SURE,
            },
            key=("code", "from_cny", "per"),
        )
    },
}
CODES: Mapping[str, tuple[Column, Column]] = {
    "country": (Column("must be two letters", _of(r"[A-Z]{2}")), UNIT),
    "country_without_code": (Column("must be two letters", _of(r"[A-Z]{2}")), TEXT),
    "currency": (Column("must be three letters", _of(r"[A-Z]{3}")), UNIT),
    "unit": (TEXT, UNIT),
    "transport_mode": (TEXT, Column("must be a digit", _of(r"\d"))),
    "hold_reasons": (UNIT, TEXT),
}
"""Of `codes.json`: the names and the codes of each."""


def check(files: Mapping[str, RuleFile]) -> None:
    """BadRules, with the first hundred faults of all files."""
    faults: list[RuleFault] = []
    for file in files.values():
        try:
            faults += _of_codes(file) if file.table == "codes" else _of_tables(file)
        except BadRules as unreadable:
            faults += unreadable.faults
    faults = faults or list(_of_modes(files))
    if faults:
        raise BadRules(tuple(faults[:MAX_FAULTS]))


def _of_modes(files: Mapping[str, RuleFile]) -> Iterator[RuleFault]:
    """Lanes with a mode of transport that has no code."""
    modes = files["codes.json"].tables["transport_mode"]
    for row in files["lanes.json"].rows("lanes"):
        if row.columns["transport_mode"] not in modes:
            yield RuleFault("lanes.json", row.place, "transport_mode", "must be one of codes.json")


def _of_tables(file: RuleFile) -> Iterator[RuleFault]:
    for name, table in TABLES[file.name].items():
        rows = list(file.rows(name))
        if not rows and not table.may_be_empty:
            yield RuleFault(file.name, name, "", "must have a row")
        faults = [fault for row in rows for fault in _of_row(file, table, row)]
        yield from faults or _of_days(file, table, rows)


def _of_row(file: RuleFile, table: Table, row: RuleRow) -> Iterator[RuleFault]:
    faults = {name: column.fault(row.columns.get(name)) for name, column in table.columns.items()}
    faults |= {name: "is no column of this table" for name in row.columns if name not in table.columns}
    for column, rule in faults.items():
        if rule is not None:
            yield RuleFault(file.name, row.place, column, rule)
    if not any(faults.values()):
        if row.columns.get("to") and row.columns["to"] < row.columns["from"]:
            yield RuleFault(file.name, row.place, "to", "must not be before from")
        elif apart := next((pair for pair in table.pairs if len({bool(row.columns[name]) for name in pair}) > 1), ()):
            yield RuleFault(file.name, row.place, apart[0], f"must be stated with {apart[1]}, or neither")
        elif (fault := table.across(row.columns)) is not None:
            yield RuleFault(file.name, row.place, *fault)


def _of_days(file: RuleFile, table: Table, rows: Sequence[RuleRow]) -> Iterator[RuleFault]:
    """Rows of one thing that hold on the same day."""
    alike: dict[tuple[str, ...], list[RuleRow]] = {}
    for row in rows:
        alike.setdefault(tuple(row.columns.get(column, "") for column in table.key), []).append(row)
    for same in alike.values():
        same.sort(key=lambda row: row.columns["from"])
        for earlier, later in pairwise(same):
            last = earlier.columns.get("to")
            if not last or last >= later.columns["from"]:
                yield RuleFault(file.name, later.place, "from", f"overlaps row {earlier.place}")


def _of_codes(file: RuleFile) -> Iterable[RuleFault]:
    for table, (names, codes) in CODES.items():
        rows = file.tables.get(table)
        if not isinstance(rows, dict):
            yield RuleFault(file.name, table, "", "the table is missing")
            continue
        for name, code in rows.items():
            if (rule := names.fault(name) or codes.fault(code if isinstance(code, str) else None)) is not None:
                yield RuleFault(file.name, f"{table} {name}", "", rule)
