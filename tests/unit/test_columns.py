"""Columns are named: while two versions run, one of them may have added a column that the other does not know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in ("shared", "services")
    for path in (ROOT / folder).rglob("*.py")
    if path.parent.name != "migrations"
]
_INSERT = re.compile(r"\binsert into \S+(?: as \w+)?+ (?!\(|default values)", re.IGNORECASE)
_RETURNING = re.compile(r"\breturning \*", re.IGNORECASE)
_STAR = re.compile(r"(?:\bselect(?: distinct(?: on \([^)]*\))?)?|,) \*", re.IGNORECASE)
_OF_GIVEN_ROWS = re.compile(r"(?:,[^()]*?)? from (?:unnest|lateral|\()", re.IGNORECASE)
"""Rows that the statement itself gives or selects: what it selects is judged where it stands."""
_ALL_OF = re.compile(r"\b(\w+)\.\*")


def unnamed(statement: str) -> list[str]:
    """Where a statement takes every column of a table, or fills columns by their place."""
    sql = re.sub(r"\s+", " ", statement)
    return [
        *(match[0] for rule in (_INSERT, _RETURNING) for match in rule.finditer(sql)),
        *(match[0] for match in _STAR.finditer(sql) if _OF_GIVEN_ROWS.match(sql, match.end()) is None),
        *(match[0] for match in _ALL_OF.finditer(sql) if not _is_of_the_statement(match[1], sql)),
    ]


def _is_of_the_statement(alias: str, sql: str) -> bool:
    """Whether it is another name of rows that the statement gives or selects itself: of a function's, of a subquery's,
    of a part's (`with`)."""
    if re.search(rf"\) (?:as )?{alias}\b", sql):
        return True
    table = re.search(rf"\b(?:from|join) (\w+) (?:as )?{alias}\b", sql)
    return table is not None and f"{table[1]} as (" in sql


def statements(tree: ast.Module) -> Iterator[str]:
    """Every text of a module that is no docstring, with `{}` for what is put into it."""
    of_others: set[ast.AST] = set()
    for node in ast.walk(tree):  # from the outside to the inside
        if isinstance(node, ast.Expr):
            of_others.add(node.value)
        if isinstance(node, ast.JoinedStr):
            of_others.update(node.values)
            if node not in of_others:
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in of_others:
            yield node.value


def test_no_statement_takes_every_column_of_a_table_or_fills_columns_by_their_place() -> None:
    inserts, faults = 0, []
    for path in FILES:
        for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
            inserts += "insert into " in statement
            faults += [f"{path.relative_to(ROOT)}: {clause}" for clause in unnamed(statement)]
    assert faults == []
    assert inserts > 100, "this reads the statements"


@pytest.mark.parametrize(
    "statement",
    [
        "insert into stock values ($1, $2)",
        "insert into stock select sku, received from counted",
        "insert into {} values ($1)",
        "insert into stock as s values ($1) on conflict do nothing",
        "select * from stock",
        "select sku, * from stock",
        "select distinct on (sku) * from stock",
        "select s.* from stock s",
        "select s.sku, l.* from stock s join lots as l using (sku)",
        "with gone as (delete from stock returning *) select count(*) from gone",
        "select * from gone, unnest($1::text[])",
    ],
)
def test_a_statement_that_names_no_columns_is_found(statement: str) -> None:
    assert unnamed(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into stock (sku, received) values ($1, $2)",
        "insert into stock (sku, received) select * from unnest($1::text[], $2::int[])",
        "insert into stock (sku, received) select *, 0 from unnest($1::text[])",
        "insert into stock (sku) select f.* from unnest($1::text[]) as f (sku)",
        "insert into stock as s (sku, received) values ($1, $2)",
        "with told as (select sku from stock) select t.* from told t",
        "select due.* from unnest($1::text[]) as w (sku) cross join lateral (select sku from stock) due",
        "select count(*), 2 * received from stock",
    ],
)
def test_a_statement_that_names_its_columns_is_not(statement: str) -> None:
    assert unnamed(statement) == []
