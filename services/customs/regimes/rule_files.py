"""The files of the rules and their rows: those of the image, and of a release that is mounted beside it.

A release is a directory with some of the files; each stands in the whole file's place. What is not in it is the
image's.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"
NAMES = (
    *("limits.json", "rates.json", "goods.json", "list_notes.json", "lanes.json", "parties.json", "codes.json"),
    *("tariff.csv", "postal_bands.csv"),
)
MAX_BYTES = 16 * 1024 * 1024
VERSION_DIGITS = 12
EXTRA = "beyond the header"
"""The column of cells in a CSV row that has more of them than the header."""


@dataclass(frozen=True, slots=True)
class RuleFault:
    """What is wrong in a file of rules."""

    file: str
    row: str
    """Of a CSV its line, from 1; of JSON the table and the row's number in it, from 1. Empty: the whole file."""
    column: str
    rule: str

    def __str__(self) -> str:
        where = [self.file, f"row {self.row}" if self.row else "", f"column {self.column}" if self.column else ""]
        return f"{', '.join(part for part in where if part)}: {self.rule}"


class BadRules(ValueError):
    """Files that are not what they should be. The message has a line for each fault."""

    def __init__(self, faults: tuple[RuleFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A row as it is written: text by column, empty where nothing is said or the column is left out."""

    table: str
    place: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class RuleFile:
    """One file. BadRules: it cannot be read."""

    name: str
    path: Path

    @cached_property
    def content(self) -> bytes:
        with self.path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise self._unreadable(f"is over {MAX_BYTES // 1024 // 1024} MiB")
        return content

    @property
    def table(self) -> str:
        return self.path.stem

    @property
    def version(self) -> str:
        """`<table>:<the first digits of its SHA-256>`: tells exactly which file was used."""
        return f"{self.table}:{hashlib.sha256(self.content).hexdigest()[:VERSION_DIGITS]}"

    @cached_property
    def text(self) -> str:
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise self._unreadable("is not UTF-8") from None

    @cached_property
    def tables(self) -> Mapping[str, Any]:
        """Of a JSON file."""
        try:
            tables = json.loads(self.text)
        except (ValueError, RecursionError):
            raise self._unreadable("is not JSON") from None
        if not isinstance(tables, dict):
            raise self._unreadable("must be an object of tables")
        return tables

    def rows(self, table: str) -> Iterator[RuleRow]:
        """Of a table of a JSON file, or of a CSV file, which is one table."""
        if self.path.suffix == ".csv":
            for row in (reader := csv.DictReader(io.StringIO(self.text, newline=""), restval="")):
                columns = {name or EXTRA: value if isinstance(value, str) else EXTRA for name, value in row.items()}
                yield RuleRow(table, str(reader.line_num), defaultdict(str, columns))
            return
        rows = self.tables.get(table)
        if not isinstance(rows, list):
            raise BadRules((RuleFault(self.name, table, "", "the table is missing"),))
        for number, row in enumerate(rows, start=1):
            place = f"{table} {number}"
            if not isinstance(row, dict):
                raise BadRules((RuleFault(self.name, place, "", "must be an object"),))
            columns = {name: "" if value is None else str(value) for name, value in row.items()}
            yield RuleRow(table, place, defaultdict(str, columns))

    def _unreadable(self, rule: str) -> BadRules:
        return BadRules((RuleFault(self.name, "", "", rule),))


def names_in(release: Path) -> set[str]:
    """The names of a release's files, without Markdown and without names that begin with a dot, as a mounted volume has
    them. OSError."""
    return {path.name for path in release.iterdir() if not path.name.startswith(".") and path.suffix != ".md"}


def files_of(release: Path | None) -> Mapping[str, RuleFile]:
    """By name, those of the release and else of the image. BadRules: it is no directory, or holds a file that is none
    of these."""
    if release is None:
        return {name: RuleFile(name, DATA / name) for name in NAMES}
    if not release.is_dir():
        raise BadRules((RuleFault(str(release), "", "", "there is no such directory"),))
    there = names_in(release)
    if unknown := sorted(there - set(NAMES)):
        rule = f"is none of {', '.join(NAMES)}"
        raise BadRules(tuple(RuleFault(name, "", "", rule) for name in unknown))
    return {name: RuleFile(name, (release if name in there else DATA) / name) for name in NAMES}
