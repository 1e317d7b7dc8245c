"""Columns are named: while two versions run, one of them may have added a column that the other does not know."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OF_A_FUNCTION = r"(?!\s*(?:,[^()]*?)?\s+from\s+(?:unnest|lateral|\())"
_EVERY_COLUMN = re.compile(r"select\s+(?:distinct on \([^)]*\)\s+)?\*" + _OF_A_FUNCTION)
_WITHOUT_NAMES = re.compile(r"insert into [a-z_]+\s+(?:values|select)\b")


def test_no_statement_takes_every_column_of_a_table_or_fills_columns_by_their_place() -> None:
    found = []
    for folder in ("shared", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
            found += [
                f"{path.name}: {match[0]}" for rule in (_EVERY_COLUMN, _WITHOUT_NAMES) for match in rule.finditer(text)
            ]
    assert found == []
