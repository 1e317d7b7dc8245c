"""Tests that share something expensive run on one worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFTEST = "from tests.support.scheduling import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler\n"
NOTES = """
import os
import pathlib
import time

import pytest


@pytest.mark.parametrize("number", range(4))
def test_notes_its_worker(number):
    time.sleep(0.05)
    with pathlib.Path(__file__).with_suffix(".notes").open("a") as notes:
        notes.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_files_run_beside_each_other_and_never_the_tests_of_one(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for name in ("unit/test_one", "unit/test_other", "e2e/test_first", "e2e/test_second"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(NOTES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", "3", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    workers: dict[str, set[str]] = defaultdict(set)
    for notes in tmp_path.rglob("*.notes"):
        group = notes.parent.name if notes.parent.name == "e2e" else notes.stem
        workers[group] |= set(notes.read_text().split())
    assert sorted(workers) == ["e2e", "test_one", "test_other"]
    assert {group: len(on) for group, on in workers.items()} == dict.fromkeys(workers, 1)
    assert len(set.union(*workers.values())) > 1, "nothing ran beside anything"
