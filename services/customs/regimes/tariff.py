"""China's tariff by ten digits, and which line of it an article comes in under.

The order says 6 digits, 8 as in the EU, or China's 10. Where a line is split further, the split is decided by what is
known of the article: endangered animals by the code or the description, weight, volume or piece by its content, and
"high-end" by its taxable price per millilitre, gram or piece (Cai Guan Shui [2016] 103). The rows are data, each with
its days, source and sureness; what is not in the table is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from contracts.base import OrderLine
from services.customs.regimes.rows import Dated
from services.customs.regimes.rule_files import RuleFile

HS6, TARIFF_LINE, CHINESE_CODE = 6, 8, 10
MAX_CHOICES = 20
MAX_HELD = 4096
"""Entries of the cache of the lines that hold on a day."""
HIGH, ORDINARY = "high", "ordinary"
ML_A_LITRE = 1000


@dataclass(frozen=True, slots=True)
class TariffLine(Dated):
    """A code of ten digits and its rates, from its first to its last day, both included."""

    code: str
    name: str
    unit1: str
    """The first statutory unit, by the code of customs' parameter table."""
    unit2: str
    """The second one; empty where there is none."""
    mfn: Decimal
    """Duty, percent, of most favoured nations."""
    vat: Decimal
    """Percent."""
    consumption: Decimal
    """Percent of the price; 0 for none."""
    consumption_from: Decimal | None
    """CNY for each ml, g or piece of the content, from which it is due; None: always."""
    content: str
    """In what the content is measured: `g`, `ml`, `piece`; empty for any."""
    consumption_per_litre: Decimal
    """The specific part, CNY."""
    grade: str
    """`high` or `ordinary` where the code is split by `consumption_from`."""
    cites: bool
    """Of endangered animals: the other half of the split is not."""
    valid_from: date
    valid_to: date | None
    replaced_by: tuple[str, ...]
    source: str
    sureness: str

    def measure(self, line: OrderLine) -> Decimal | None:
        """The millilitres, grams or pieces of one unit, by which the high-end price counts; None: the order does not
        state them. Where it counts by the piece and nothing is stated, a unit is one piece."""
        by_piece, content = self.content == "piece", line.content
        if content is not None and (content.unit == "piece") == by_piece:
            return content.amount
        return Decimal(1) if by_piece else None

    def litres(self, line: OrderLine) -> Decimal | None:
        """Of one unit, if the order says it."""
        content = line.content
        return content.amount / ML_A_LITRE if content is not None and content.unit == "ml" else None

    def needs_content(self, line: OrderLine) -> bool:
        """Whether the tax depends on what a unit holds, and the order does not say it."""
        if self.consumption_per_litre > 0:
            return self.litres(line) is None
        return self.consumption_from is not None and self.measure(line) is None

    def is_high(self, line: OrderLine, unit_value: Decimal) -> bool:
        """Whether a unit of this taxable value, CNY, reaches the price from which consumption tax is due. Where the
        content is not known, the code says it."""
        if self.consumption_from is None:
            return True
        measure = self.measure(line)
        return self.grade == HIGH if measure is None else unit_value / measure >= self.consumption_from


@dataclass(frozen=True, slots=True)
class Tariff:
    """Every line, by its first six digits."""

    lines: Mapping[str, Sequence[TariffLine]]
    _held: dict[tuple[str, date], tuple[TariffLine, ...]] = field(default_factory=dict, compare=False, repr=False)
    """A cache, by six digits and day."""

    def find(self, line: OrderLine, prefix: str, day: date, unit_value: Decimal, endangered: bool) -> TariffLine | None:
        """The line under which the article comes in; None when its code, or every one that begins with `prefix`, is
        not in the tariff of that day. `unit_value`: of one unit, taxable, CNY."""
        held = self._lines_on(line.hs_code[:HS6], day)
        if len(line.hs_code) == CHINESE_CODE:
            stated = self.line(line.hs_code, day)
            if stated is None or not stated.grade:
                return stated
            sisters = [row for row in held if _is_sister(row, stated)]
            grade = HIGH if stated.is_high(line, unit_value) else ORDINARY
            return next((row for row in sisters if row.grade == grade), stated)
        candidates = [row for row in held if row.code.startswith(prefix)]
        candidates = [row for row in candidates if row.cites == endangered] or candidates
        unit = line.content.unit if line.content else ""
        # Most goods without a stated content are measured by volume.
        candidates = next(
            (same for of in (unit, "", "ml") if (same := [row for row in candidates if row.content == of])), candidates
        )
        # The last code of a split is the one for all other goods.
        other = candidates[-1] if candidates else None
        if other is None or not other.grade:
            return other
        grade = HIGH if other.is_high(line, unit_value) else ORDINARY
        return next((row for row in candidates if row.grade == grade), other)

    def line(self, code: str, day: date) -> TariffLine | None:
        """The line of this code of ten digits, if there is one on that day."""
        return next((row for row in self._lines_on(code[:HS6], day) if row.code == code), None)

    def _lines_on(self, hs6: str, day: date) -> tuple[TariffLine, ...]:
        """The lines of these six digits that hold on that day."""
        held = self._held.get((hs6, day))
        if held is None:
            if len(self._held) >= MAX_HELD:
                self._held.clear()
            held = self._held[hs6, day] = tuple(row for row in self.lines.get(hs6, ()) if row.holds(day))
        return held

    def choices(self, hs_code: str, day: date, may_come: Callable[[str, date], bool]) -> tuple[str, ...]:
        """The codes that may be meant by one that is not in the tariff of that day, and may come in: those that replace
        it, else those of its line, else those of its first six digits."""
        rows = self.lines.get(hs_code[:HS6], ())
        ended = [
            code for row in rows if row.code.startswith(hs_code) and not row.holds(day) for code in row.replaced_by
        ]
        held = [row.code for row in rows if row.holds(day)]
        same_line = [code for code in held if code.startswith(hs_code[:TARIFF_LINE])]
        groups = ([code for code in codes if may_come(code, day)] for codes in (ended, same_line, held))
        return tuple(next((codes for codes in groups if codes), ()))[:MAX_CHOICES]

    def is_endangered(self, hs_code: str, day: date) -> bool:
        """Whether the code is the half of its line that is for endangered animals."""
        return any(row.code == hs_code and row.cites for row in self._lines_on(hs_code[:HS6], day))

    def ended(self, hs_code: str, day: date) -> bool:
        """Whether there were lines of these six digits, and the last of them has ended before that day."""
        rows = self.lines.get(hs_code[:HS6], ())
        return bool(rows) and all(row.valid_to is not None and row.valid_to < day for row in rows)


def _is_sister(row: TariffLine, stated: TariffLine) -> bool:
    """Whether the rows differ in their grade alone."""
    return (row.code[:TARIFF_LINE], row.content, row.cites) == (stated.code[:TARIFF_LINE], stated.content, stated.cites)


def load(file: RuleFile) -> Tariff:
    """The tariff of a file that was checked."""
    lines: dict[str, list[TariffLine]] = {}
    for row in file.rows("tariff"):
        lines.setdefault(row.columns["code"][:HS6], []).append(_line(row.columns))
    return Tariff({hs6: tuple(sorted(rows, key=lambda row: row.code)) for hs6, rows in lines.items()})


def _line(row: Mapping[str, str]) -> TariffLine:
    return TariffLine(
        code=row["code"],
        name=row["name"],
        unit1=row["unit1"],
        unit2=row["unit2"],
        mfn=Decimal(row["mfn"]),
        vat=Decimal(row["vat"]),
        consumption=Decimal(row["ct"] or 0),
        consumption_from=Decimal(row["ct_from"]) if row["ct_from"] else None,
        content=row["content"],
        consumption_per_litre=Decimal(row["ct_per_litre"] or 0),
        grade=row["grade"],
        cites=row["cites"] == "yes",
        valid_from=date.fromisoformat(row["from"]),
        valid_to=date.fromisoformat(row["to"]) if row["to"] else None,
        replaced_by=tuple(row["replaced_by"].split()),
        source=row["source"],
        sureness=row["sureness"],
    )
