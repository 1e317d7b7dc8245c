"""How commands find a stack that runs on this machine, and know one that does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shared.operations import stack_file
from shared.operations.stack_file import AlreadyRuns, NoStack, RunningStack

STACK = RunningStack("2026-11-23T07:00:00+00:00", {"orders": "http://127.0.0.1:1"}, {"operator": "k"}, "clock.json", {})


def test_a_stack_is_found_while_it_runs_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    with stack_file.announced(path, STACK):
        assert stack_file.read(path) == STACK
        assert path.stat().st_mode & 0o777 == 0o600, "it holds keys"
    with pytest.raises(NoStack, match="no stack is running here: `make run`"):
        stack_file.read(path)


def test_the_file_of_a_killed_stack_is_known_as_such(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    script = (
        "import os, sys; from pathlib import Path; from shared.operations.stack_file import RunningStack, announced\n"
        f"with announced(Path(sys.argv[1]), {STACK!r}): os.kill(os.getpid(), 9)"
    )
    died = subprocess.run([sys.executable, "-c", script, str(path)], cwd=stack_file.STACK_FILE.parents[1], check=False)
    assert died.returncode == -9
    with pytest.raises(NoStack, match="the last one, begun 2026-11-23"):
        stack_file.read(path)
    with stack_file.announced(path, STACK):
        assert stack_file.read(path) == STACK


def test_a_second_stack_takes_nothing_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    other = RunningStack("later", {}, {}, "", {})
    with stack_file.announced(path, STACK):
        with pytest.raises(AlreadyRuns), stack_file.announced(path, other):
            pass
        assert stack_file.read(path) == STACK
    assert list(tmp_path.iterdir()) == []
