"""Files that share something run in the order that their folder declares, whatever their names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = """
from pathlib import Path

from tests.support.file_order import sort_by_file


def pytest_collection_modifyitems(items):
    sort_by_file(items, Path(__file__).parent, ("test_first", "test_last"))
"""
TESTS = "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("test_before", "shared/test_first", "shared/test_last", "test_zz_after"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(TESTS)
    (tmp_path / "shared" / "conftest.py").write_text(CONFTEST)
    return tmp_path


def collected(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "--rootdir", folder, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_declared_order_counts_and_others_keep_their_places(folder: Path) -> None:
    done = collected(folder, "test_zz_after.py", "shared/test_last.py", "shared/test_first.py", "test_before.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if "::" in line] == [
        f"{name}.py::{test}"
        for name in ("test_zz_after", "shared/test_first", "shared/test_last", "test_before")
        for test in ("test_a", "test_b")
    ]


def test_a_file_that_the_order_does_not_name_is_refused(folder: Path) -> None:
    (folder / "shared" / "test_new.py").write_text(TESTS)
    done = collected(folder)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "shared/conftest.py does not say when test_new runs" in done.stdout + done.stderr
