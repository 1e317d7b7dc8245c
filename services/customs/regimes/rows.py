"""Rows of the dated tables, looked up by day.

A rule of the law is a row with the days on which it holds and its source; no such rule is a constant in the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache

from contracts.base import OrderLine

MAX_DAYS = 1024
"""Days for which a table caches the row."""


class NoRule(LookupError):
    """No row of the table holds on that day."""

    def __init__(self, table: str, day: date) -> None:
        super().__init__(f"{table} has no row for {day}")
        self.table = table
        self.day = day


class Dated:
    """What holds from its first day to its last, both included; without a last day it still does."""

    __slots__ = ()
    valid_from: date
    valid_to: date | None

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Row(Dated):
    """A value and the days on which it holds, both included; no last day means that it still does."""

    value: str
    valid_from: date
    valid_to: date | None
    source: str
    fixed_on: date | None = None
    """Of a rate, the day on which it was fixed."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """A dated amount, such as a limit or a rate."""

    name: str
    rows: tuple[Row, ...]
    lasting: bool = False
    """Whether the last row holds on where none follows."""
    _by_day: dict[date, Row] = field(default_factory=dict, init=False, compare=False, repr=False)
    """A cache: most orders have the same day."""

    def on(self, day: date) -> Decimal:
        """The amount of that day; NoRule before the first row."""
        return _decimal(self.row(day).value)

    def find(self, day: date) -> Decimal | None:
        """The amount of that day, if the rule existed then."""
        return next((_decimal(row.value) for row in self.rows if row.holds(day)), None)

    def row(self, day: date) -> Row:
        """The row of that day; NoRule."""
        row = self._by_day.get(day)
        if row is None:
            if len(self._by_day) >= MAX_DAYS:
                self._by_day.clear()
            row = self._by_day[day] = self._search(day)
        return row

    def _search(self, day: date) -> Row:
        for row in self.rows:
            if row.holds(day):
                return row
        begun = [row for row in self.rows if row.valid_from <= day] if self.lasting else []
        if not begun:
            raise NoRule(self.name, day)
        return max(begun, key=lambda row: row.valid_from)

    def version(self, day: date) -> str:
        """The row of that day by name: `<table>:<its first day>`; NoRule."""
        return _version(self.name, self.row(day).valid_from)


_decimal = cache(Decimal)
"""The cached number of a table's text: it is needed for every order."""


@cache
def _version(name: str, first_day: date) -> str:
    """Cached: it is needed for every order."""
    return f"{name}:{first_day}"


@dataclass(frozen=True, slots=True)
class Headings:
    """Headings of the tariff, of any length; goods belong to a heading when their code begins with it."""

    rows: Mapping[str, tuple[Row, ...]]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Headings:
        by_code: dict[str, tuple[Row, ...]] = {}
        for row in rows:
            by_code[row.value] = (*by_code.get(row.value, ()), row)
        return cls(by_code, tuple(sorted({len(code) for code in by_code})))

    def cover(self, hs_code: str, day: date) -> bool:
        return any(row.holds(day) for length in self.lengths for row in self.rows.get(hs_code[:length], ()))


@dataclass(frozen=True, slots=True)
class Restriction:
    """Goods that leave with a permit only, or with the statement that they are not what is restricted."""

    row: Row
    """Its value is the heading."""
    words: frozenset[str]
    """Of the description, one of which makes it these goods; empty: the heading alone does."""
    permit: str
    """The document's type in the EU's list."""
    none_needed: str
    """The statement's type."""

    def covers(self, line: OrderLine, endangered: bool, day: date) -> bool:
        """Whether it holds for an article of its heading; `endangered`: the code says so."""
        if not self.row.holds(day):
            return False
        return not self.words or endangered or bool(self.words & words_of(line.description))


@dataclass(frozen=True, slots=True)
class Restrictions:
    """By heading, of any length."""

    by_heading: Mapping[str, tuple[Restriction, ...]]
    lengths: tuple[int, ...]

    @classmethod
    def of_rows(cls, rows: Iterable[Restriction]) -> Restrictions:
        by_heading: dict[str, tuple[Restriction, ...]] = {}
        for restriction in rows:
            heading = restriction.row.value
            by_heading[heading] = (*by_heading.get(heading, ()), restriction)
        return cls(by_heading, tuple(sorted({len(heading) for heading in by_heading})))

    def of(self, hs_code: str) -> tuple[Restriction, ...]:
        """Those whose heading the code begins with."""
        restrictions: tuple[Restriction, ...] = ()
        for length in self.lengths:
            restrictions += self.by_heading.get(hs_code[:length], ())
        return restrictions


def words_of(description: str) -> set[str]:
    """In lower case and in the singular."""
    letters = "".join(sign if sign.isalpha() else " " for sign in description.lower())
    return {word.removesuffix("s") for word in letters.split()}
