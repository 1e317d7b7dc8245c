"""Notes of the positive list, which limit a line of it: how the goods come in, which of them, or how much of them.

Each is a row with its days, source and sureness. A weight is for a person and a year. A single order above it is
refused. Only customs knows what the person bought elsewhere, so that every such line is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from contracts.base import OrderLine
from services.customs.regimes.rows import Dated
from services.customs.regimes.rule_files import RuleFile

BONDED_ONLY, NAMED_GOODS, YEARLY_WEIGHT = "bonded_only", "named_goods", "yearly_weight"
LIMITS = (BONDED_ONLY, NAMED_GOODS, YEARLY_WEIGHT)
GRAMS = 1000
"""Of a kilogram."""


@dataclass(frozen=True, slots=True)
class ListNote(Dated):
    """What limits the goods whose tariff line begins with `code`, from the first day to the last."""

    code: str
    limit: str
    kilograms: Decimal | None
    """A person and year, of `yearly_weight`."""
    valid_from: date
    valid_to: date | None

    def refuses(self, lines: Sequence[OrderLine]) -> bool:
        """Whether these goods of one order may not come in together. Goods without a stated weight count nothing."""
        if self.kilograms is None:
            return self.limit == BONDED_ONLY
        return sum(_grams(line) for line in lines) > self.kilograms * GRAMS


@dataclass(frozen=True, slots=True)
class ListNotes:
    rows: tuple[ListNote, ...]

    def refused(self, lines: Sequence[tuple[OrderLine, str]], day: date) -> OrderLine | None:
        """The first article of those that a note keeps out; each with its line of the positive list."""
        for note, covered in self._covering(lines, day):
            if note.refuses(covered):
                return covered[0]
        return None

    def limited(self, lines: Sequence[tuple[OrderLine, str]], day: date) -> list[OrderLine]:
        """The articles that a note is about, in the order's own order."""
        about = {line.line for _, covered in self._covering(lines, day) for line in covered}
        return [line for line, _ in lines if line.line in about]

    def _covering(
        self, lines: Sequence[tuple[OrderLine, str]], day: date
    ) -> Iterator[tuple[ListNote, list[OrderLine]]]:
        for note in self.rows:
            covered = [line for line, code in lines if code.startswith(note.code)]
            if covered and note.holds(day):
                yield note, covered


def _grams(line: OrderLine) -> Decimal:
    content = line.content
    return content.amount * line.quantity if content is not None and content.unit == "g" else Decimal(0)


def note_fault(row: Mapping[str, str]) -> tuple[str, str] | None:
    """The column and the rule by which a row is no note."""
    if (row["limit"] == YEARLY_WEIGHT) is not bool(row["kilograms"]):
        return "kilograms", f"must be stated of {YEARLY_WEIGHT}, and of no other limit"
    return None


def load(file: RuleFile) -> ListNotes:
    """The notes of a file that was checked."""
    return ListNotes(
        tuple(
            ListNote(
                code=row.columns["code"],
                limit=row.columns["limit"],
                kilograms=Decimal(row.columns["kilograms"]) if row.columns["kilograms"] else None,
                valid_from=date.fromisoformat(row.columns["from"]),
                valid_to=date.fromisoformat(row.columns["to"]) if row.columns["to"] else None,
            )
            for row in file.rows("list_notes")
        )
    )
