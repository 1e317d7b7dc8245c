"""Which files are rules, and the table of coverage."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from services.registry import SERVICES
from tests.support.coverage_by_package import by_package, row, rules

PROJECT = """
[[tool.importlinter.contracts]]
name = "rules are pure: no I/O"
source_modules = ["services.*.domain", "services.customs.quota"]
"""


def project(root: Path, *files: str) -> Path:
    (root / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def test_contracts_and_what_the_import_rule_names_are_rules(tmp_path: Path) -> None:
    pure = ["contracts/base.py", "services/a/domain/x.py", "services/b/domain.py", "services/customs/quota.py"]
    assert rules(project(tmp_path, *pure, "services/a/store.py", "shared/db.py")) == pure


def test_a_module_that_is_missing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"services\.customs\.quota"):
        rules(project(tmp_path, "contracts/base.py", "services/a/domain/x.py"))


def test_every_services_domain_is_a_rule() -> None:
    assert {file.split("/")[1] for file in rules() if "/domain/" in file} == set(SERVICES)


def test_the_files_of_a_package_are_summed_up_and_a_missed_branch_is_never_rounded_away() -> None:
    summary = {"num_statements": 2000, "covered_lines": 2000, "num_branches": 500, "covered_branches": 500}
    missed = {**summary, "covered_branches": 499, "percent_covered": 99.96}
    packages = by_package({"files": {"a/x.py": {"summary": summary}, "a/y.py": {"summary": missed}}})
    assert row("a", packages["a"]).split() == ["a", "4000", "1000", "99.9", "%"]
    assert row("a", Counter(summary)).split() == ["a", "2000", "500", "100.0", "%"]
    assert row("empty", Counter()).split() == ["empty", "0", "0", "100.0", "%"]
