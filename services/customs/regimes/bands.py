"""The bands of the one tax on personal articles, by kind of goods. Each row has its days, source and sureness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from contracts.base import OrderLine
from services.customs.regimes.rows import Dated, NoRule
from services.customs.regimes.rule_files import RuleFile

CONTENT, PIECE, ARTICLE = "content", "piece", "article"


@dataclass(frozen=True, slots=True)
class Band(Dated):
    """The percentage for goods whose code begins with `code`, from the first day to the last."""

    code: str
    percent: Decimal
    from_cny: Decimal | None
    """The price from which the row holds; None: whatever the price is."""
    per: str
    """What that price is for: each ml or g of the `content`, each `piece` of it, or the whole `article`."""
    valid_from: date
    valid_to: date | None
    source: str

    def measure(self, line: OrderLine) -> Decimal | None:
        """What a unit's price is divided by; None where the row does not measure this article, or the order does not
        say its content."""
        if self.per == ARTICLE:
            return Decimal(1)
        content = line.content
        return content.amount if content is not None and (content.unit == "piece") == (self.per == PIECE) else None

    def needs_content(self, line: OrderLine) -> bool:
        return self.per == CONTENT and line.content is None

    def covers(self, line: OrderLine, unit_value: Decimal) -> bool:
        """Whether a unit of this value, CNY, falls into the row, whose code its own begins with."""
        if self.from_cny is None:
            return True
        measure = self.measure(line)
        return measure is not None and unit_value / measure >= self.from_cny


@dataclass(frozen=True, slots=True)
class Bands:
    """The longest code first; of one code, the rows with a price first."""

    rows: tuple[Band, ...]

    def of(self, line: OrderLine, unit_value: Decimal, day: date) -> tuple[Band, bool]:
        """The band of the article, and whether a higher one would hold if its content were known and small. NoRule:
        none holds on that day."""
        rows = [row for row in self.rows if row.holds(day) and line.hs_code.startswith(row.code)]
        for row in rows:
            if row.covers(line, unit_value):
                return row, any(other.needs_content(line) for other in rows)
        raise NoRule("postal_bands", day)


def load(file: RuleFile) -> Bands:
    """The bands of a file that was checked."""
    rows = [_band(row.columns) for row in file.rows("postal_bands")]
    return Bands(tuple(sorted(rows, key=lambda row: (-len(row.code), row.from_cny is None))))


def _band(row: Mapping[str, str]) -> Band:
    return Band(
        code=row["code"],
        percent=Decimal(row["percent"]),
        from_cny=Decimal(row["from_cny"]) if row["from_cny"] else None,
        per=row["per"],
        valid_from=date.fromisoformat(row["from"]),
        valid_to=date.fromisoformat(row["to"]) if row["to"] else None,
        source=row["source"],
    )
