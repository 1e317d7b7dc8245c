"""`python -m tests.bench.pages [RESULT]`: writes the tables of docs/benchmarks.md from a result file."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.local.stack import ROOT
from tests.bench.figures import Result, read

PAGE, KEPT = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "benchmarks.json"
_PLACE = re.compile(r"<!-- (?P<stage>[a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)


def filled(text: str, results: Mapping[str, Result]) -> str:
    """The page with each stage's table between its marks, `<!-- stage -->` and `<!-- end -->`."""

    def place(match: re.Match[str]) -> str:
        stage = match["stage"]
        return f"<!-- {stage} -->\n{table(results.get(stage))}\n<!-- end -->"

    return _PLACE.sub(place, text)


def table(result: Result | None) -> str:
    if result is None:
        return "\nNot measured yet.\n"
    size = ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in result.size.items())
    columns = ("", "", "median", "lowest", "highest", "ours is")
    used = len(columns) if any(row[5] for row in result.rows()) else len(columns) - 1
    lines = [f"| {' | '.join(columns[:used])} |", "|---|---|" + "---:|" * (used - 2)]
    lines += [f"| {' | '.join(row[:used])} |" for row in result.rows()]
    where = f"{result.measured_on}. {result.machine}. {result.servers}. {size}."
    return "\n" + "\n".join(lines) + f"\n\n{where}\n"


def _plain(value: object) -> str:
    return "/".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)


if __name__ == "__main__":
    if len(sys.argv) > 1 and Path(sys.argv[1]).resolve() != KEPT:
        shutil.copyfile(sys.argv[1], KEPT)
    PAGE.write_text(filled(PAGE.read_text(), read(KEPT)))
