"""docs/rooms.md and the tree say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from services.registry import SERVICES
from shared.operations.schema import PLATFORM_SCHEMA

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rooms.md").read_text(encoding="utf-8")
SEAMS = {
    "orders": set[str](),
    "warehouse": set[str](),
    "customs": {"destinations", "regimes", "data"},
    "carrier": {"carriers", "data"},
    "tracking": {"templates", "translations", "rebuild"},
    "provenance": {"templates", "translations"},
}


def rows(heading: str) -> set[str]:
    """The first column of the table under this heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {name.rstrip("/") for name in re.findall(r"^\| `([\w/]+)` \|", section, re.MULTILINE)}


def entries(folder: Path) -> set[str]:
    """Modules and folders, but for those that every package has."""
    names = {path.stem if path.suffix in (".py", ".md") else path.name for path in folder.iterdir()}
    return {name for name in names if not name.startswith(("_", "."))}


def folders(folder: Path) -> set[str]:
    return {name for name in entries(folder) if (folder / name).is_dir()}


def test_the_top_level_has_the_rooms_of_the_page() -> None:
    assert folders(ROOT) == rows("Top level")


def test_what_services_share_is_on_the_page() -> None:
    """Beside the services there is what the page names, and commands."""
    [row] = re.findall(r"^\| `services/` \| (.*)$", PAGE, re.MULTILINE)
    named = {name.rstrip("/") for name in re.findall(r"`([\w/]+)`", row)}
    beside = entries(ROOT / "services") - set(SERVICES)
    commands = {
        name
        for name in beside - folders(ROOT / "services")
        if '\nif __name__ == "__main__":\n' in (ROOT / "services" / f"{name}.py").read_text(encoding="utf-8")
    }
    assert len(commands) > 3
    assert beside == named | commands
    assert not named & commands


def test_the_sandbox_has_the_rooms_of_the_page() -> None:
    assert entries(ROOT / "sandbox") == rows("The sandbox")


def test_the_platform_has_the_rooms_of_the_page() -> None:
    assert entries(ROOT / "shared") == rows("The platform, from the top down")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_rooms_of_the_page(service: str) -> None:
    rooms, there, seams = rows("A service"), entries(ROOT / "services" / service), SEAMS.get(service, set())
    assert there - seams <= rooms
    assert seams <= there
    assert {"main", "migrations", "README"} <= there


def test_every_seam_is_on_the_page() -> None:
    last = PAGE.partition("Some services have further rooms")[2]
    assert last
    assert set().union(*SEAMS.values()) <= set(re.findall(r"`(\w+)`", last))


TESTS = ROOT / "tests"
NOT_A_KIND = {"support", "bench", "golden"}
"""What the kinds share, a program, and recorded messages."""
IMPORTS_TESTS = "tests/faults/test_rounds.py"
"""It repeats the tests of its folder."""


def test_a_kind_of_tests_holds_tests_only() -> None:
    kinds = [folder for folder in sorted(TESTS.iterdir()) if folder.is_dir() and folder.name not in NOT_A_KIND]
    files = [file for kind in kinds for file in kind.rglob("*") if "__pycache__" not in file.parts and file.is_file()]
    assert len(kinds) > 5
    assert [
        str(file.relative_to(ROOT))
        for file in files
        if not re.fullmatch(r"test_\w+\.py|conftest\.py|__init__\.py", file.name)
    ] == []


@pytest.mark.parametrize("folder", ["compose", "e2e", "faults", "newcomer"])
def test_every_file_of_a_folder_with_an_order_is_in_it(folder: str) -> None:
    """pytest says so too, but with several workers its words are lost."""
    tree = ast.parse((TESTS / folder / "conftest.py").read_text(encoding="utf-8"))
    orders = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["ORDER"]
    ]
    assert [sorted(order) for order in orders] == [sorted(file.stem for file in (TESTS / folder).glob("test_*.py"))]


def test_no_module_imports_a_test_module() -> None:
    importing = {
        str(file.relative_to(ROOT))
        for file in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if any(re.search(r"(?:^|\.)(?:test_\w+|conftest)$", name) for name in imports(node))
    }
    assert importing == {IMPORTS_TESTS}


def imports(node: ast.AST) -> list[str]:
    """The modules, and what might be one, that this statement imports."""
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            return [node.module or "", *(alias.name for alias in node.names)]
    return []


TABLES = "|".join(re.findall(r"create table (\w+)", "\n".join(PLATFORM_SCHEMA)))
PLATFORM_TABLE = re.compile(
    r"\b(?:from|into|update|join|truncate)\s+(?:[a-z_]+\s*,\s*)*"
    rf"(?:{TABLES})\b(?!\s*=)"
)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_touches_no_table_of_the_platform(service: str) -> None:
    """SQL in lower case, as all of ours is; a table of its own has another name."""
    touched = [
        f"{file.relative_to(ROOT)}: {table[0]}"
        for file in sorted((ROOT / "services" / service).rglob("*.py"))
        for text in re.findall(r'"""(.*?)"""|"([^"\n]*)"', file.read_text(encoding="utf-8"), re.DOTALL)
        for table in PLATFORM_TABLE.finditer("".join(text))
        if re.search(r"\b(?:select|insert|update|delete|truncate)\b", "".join(text))
    ]
    assert touched == []
