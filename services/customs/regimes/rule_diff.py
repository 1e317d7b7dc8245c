"""What a release of rules changes, row by row, and from when: rules begin at midnight in the country that made them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.customs.regimes.rule_checks import CODES, TABLES
from services.customs.regimes.rule_files import RuleFile

BEIJING, PARIS = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Paris")
FRENCH = frozenset({"eu_deemed_declaration_eur", "excise", "restricted_on_export", "exporters"})
"""Tables of rules of leaving the EU; all others are China's, or go by its day."""

Row = Mapping[str, str]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that one of two releases has, or both have in another wording."""

    kind: Literal["added", "removed", "changed"]
    file: str
    table: str
    key: str
    """What the row is about, and its first day."""
    columns: tuple[str, ...]
    """Which of them differ."""
    first_day: date | None
    """From which on something is decided in another way, where rows have days."""

    @property
    def effective(self) -> datetime | None:
        """That day's midnight in its country, UTC."""
        if self.first_day is None:
            return None
        zone = PARIS if self.table in FRENCH else BEIJING
        return datetime.combine(self.first_day, time(), zone).astimezone(UTC)

    def __str__(self) -> str:
        named = f" ({', '.join(self.columns)})" if self.kind == "changed" else ""
        begins = f", from {self.effective:%Y-%m-%dT%H:%MZ}" if self.effective else ""
        return f"{self.kind:7} {self.file} {self.table} {self.key}{named}{begins}"


def changes(old: Mapping[str, RuleFile], new: Mapping[str, RuleFile]) -> Iterator[Change]:
    """Of files that were checked."""
    for name, before in old.items():
        after = new[name]
        if before.content == after.content:
            continue
        if before.table == "codes":
            for table in CODES:
                yield from _of_codes(name, table, before.tables[table], after.tables[table])
            continue
        for table, known in TABLES[name].items():
            yield from _of_table(name, table, _by_key(before, table, known.key), _by_key(after, table, known.key))


def _by_key(file: RuleFile, table: str, key: Iterable[str]) -> Mapping[Key, Row]:
    return {(*(row.columns[column] for column in key), row.columns["from"]): row.columns for row in file.rows(table)}


def _of_table(file: str, table: str, before: Mapping[Key, Row], after: Mapping[Key, Row]) -> Iterator[Change]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        about = " ".join(part for part in key if part)
        if old is None or new is None:
            begins = date.fromisoformat(key[-1])
            yield Change("added" if old is None else "removed", file, table, about, (), begins)
            continue
        columns = tuple(sorted(name for name in {*old, *new} if old.get(name, "") != new.get(name, "")))
        if columns:
            yield Change("changed", file, table, about, columns, _first_day(old, new, columns))


def _first_day(old: Row, new: Row, columns: tuple[str, ...]) -> date:
    """Where the rows differ in their last day alone, nothing changes before the earlier one has passed."""
    if columns == ("to",):
        return date.fromisoformat(min(row["to"] for row in (old, new) if row["to"])) + timedelta(days=1)
    return date.fromisoformat(new["from"])


def _of_codes(file: str, table: str, before: Row, after: Row) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            kind: Literal["added", "removed", "changed"] = "changed"
            if name not in before or name not in after:
                kind = "added" if name not in before else "removed"
            yield Change(kind, file, table, name, ("code",), None)
