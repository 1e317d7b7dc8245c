"""A session of the pool goes back as it was lent, without asking the server: nothing outlives its transaction."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTLIVES = re.compile(
    r"^\s*set (?!local\b)\w+ *(=|to\b)|^\s*(reset|listen) \w+$|pg_(try_)?advisory_lock|"
    r"set_config\([^)]*\bfalse\b|\bwith hold\b"
)


def texts() -> Iterator[tuple[str, str]]:
    for room in ("shared", "services"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_no_statement_changes_a_session_beyond_its_transaction() -> None:
    assert [place for place, text in texts() if OUTLIVES.search(text)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "set statement_timeout = '5s'",
        "select pg_advisory_lock($1)",
        "select pg_try_advisory_lock_shared($1)",
        "select set_config('synchronous_commit', 'off', false)",
        "declare c cursor with hold for select 1",
        "listen changes",
    ],
)
def test_what_would_outlive_it_is_seen(statement: str) -> None:
    assert OUTLIVES.search(statement)
