"""Branch coverage by the unit tests: every package in a table, and every rule covered whole. Run by `make coverage`.

The rules are `contracts` and what `pyproject.toml` names as pure in its import rules: one list, which the imports and
the coverage of these modules both follow.
"""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import coverage

ROOT = Path(__file__).parents[2]
PURE = "rules are pure"
"""How the import rule begins whose modules are meant."""


def rules(root: Path = ROOT) -> list[str]:
    """The files of every rule. LookupError when there is no such import rule, or a module of it is gone."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    pure = next((contract for contract in contracts if contract["name"].startswith(PURE)), None)
    if pure is None:
        raise LookupError(f"no import rule {PURE!r}")
    files: set[str] = set()
    for module in ("contracts", *pure["source_modules"]):
        path = module.replace(".", "/")
        modules = [*root.glob(f"{path}.py"), *root.glob(f"{path}/**/*.py")]
        if not modules:
            raise LookupError(f"no module {module}")
        files.update(str(file.relative_to(root)) for file in modules)
    return sorted(files)


def by_package(report: dict[str, Any]) -> dict[str, Counter[str]]:
    """The sums of coverage's JSON report over the files of each package."""
    packages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for file, measured in report["files"].items():
        packages[str(Path(file).parent)].update(
            {name: count for name, count in measured["summary"].items() if isinstance(count, int)}
        )
    return dict(sorted(packages.items()))


def row(package: str, sums: Counter[str]) -> str:
    """As coverage reckons: lines and branches together; 100 % is never rounded to."""
    whole = sums["num_statements"] + sums["num_branches"]
    covered = sums["covered_lines"] + sums["covered_branches"]
    percent = covered * 1000 // whole / 10 if whole else 100.0
    return f"{package:<44}{sums['num_statements']:>8}{sums['num_branches']:>10}{percent:>9.1f} %\n"


def main() -> int:
    """0 when every branch of every rule is covered, 1 otherwise."""
    measured = coverage.Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(path))
        report = json.loads(path.read_text(encoding="utf-8"))
    sys.stdout.write(f"{'package':<44}{'lines':>8}{'branches':>10}{'covered':>11}\n")
    sys.stdout.writelines(row(package, sums) for package, sums in by_package(report).items())
    sys.stdout.write("\nThe rules, each of which must be covered whole:\n")
    return 0 if measured.report(include=rules()) == 100 else 1


if __name__ == "__main__":
    sys.exit(main())
