"""Each drawing in docs/drawings shows the imports that the code has now; `make drawings` draws them anew."""

from __future__ import annotations

import re
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from click.testing import CliRunner
from importlinter.cli import import_linter

ROOT = Path(__file__).parents[2]
DRAWINGS = sorted((ROOT / "docs" / "drawings").glob("*.svg"))
Arrow = tuple[str, str]


def drawn(svg: str) -> tuple[set[str], set[Arrow]]:
    """Modules and arrows of a drawing."""
    names = set(re.findall(r'class="node">\s*<title>(.*?)</title>', svg))
    return names, set(re.findall(r'class="edge">\s*<title>(.*?)&#45;&gt;(.*?)</title>', svg))


def modules_and_imports(modules: list[str]) -> tuple[set[str], set[Arrow]]:
    """Modules and imports that import-linter finds among the children of a module, or among several modules."""
    printed = CliRunner().invoke(import_linter, ["drawgraph", *modules], catch_exceptions=False).output
    names = set(re.findall(r'^ +"([^"]+)"(?: \[.*\])?$', printed, re.MULTILINE))
    return names, set(re.findall(r'^ +"([^"]+)" ->  "([^"]+)"$', printed, re.MULTILINE))


def reduced(imports: set[Arrow]) -> set[Arrow]:
    """Without those that follow from others. Raises CycleError."""
    direct: dict[str, set[str]] = defaultdict(set)
    for module, imported in imports:
        direct[module].add(imported)
    reached: dict[str, set[str]] = {}
    for module in TopologicalSorter(direct).static_order():
        reached[module] = direct[module].union(*(reached[imported] for imported in direct[module]))
    return {
        (module, imported)
        for module, imported in imports
        if not any(imported in reached[other] for other in direct[module])
    }


def test_there_are_drawings() -> None:
    assert DRAWINGS


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.stem)
def test_a_drawing_shows_the_imports_of_now(drawing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The cache in the working directory keeps one set of times for several sets of imports, and so misses changes.
    monkeypatch.chdir(tmp_path)
    names, imports = modules_and_imports(drawing.stem.split("+"))
    assert imports
    assert drawn(drawing.read_text(encoding="utf-8")) == (names, reduced(imports)), "make drawings"
