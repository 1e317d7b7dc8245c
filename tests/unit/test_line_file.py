"""How commands find a line that runs on this machine, and know one that does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shared.operations import line_file
from shared.operations.line_file import AlreadyRuns, NoLine, RunningLine

LINE = RunningLine("2026-11-23T07:00:00+00:00", {"orders": "http://127.0.0.1:1"}, {"operator": "k"}, "clock.json", {})


def test_a_line_is_found_while_it_runs_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "line.json"
    with line_file.announced(path, LINE):
        assert line_file.read(path) == LINE
        assert path.stat().st_mode & 0o777 == 0o600, "it holds keys"
    with pytest.raises(NoLine, match="no line is running here: `make run`"):
        line_file.read(path)


def test_the_file_of_a_killed_line_is_known_as_such(tmp_path: Path) -> None:
    path = tmp_path / "line.json"
    script = (
        "import os, sys; from pathlib import Path; from shared.operations import line_file\n"
        "from tests.unit.test_line_file import LINE\n"
        "with line_file.announced(Path(sys.argv[1]), LINE): os.kill(os.getpid(), 9)"
    )
    died = subprocess.run([sys.executable, "-c", script, str(path)], cwd=line_file.LINE_FILE.parents[1], check=False)
    assert died.returncode == -9
    with pytest.raises(NoLine, match="the last one, begun 2026-11-23"):
        line_file.read(path)
    with line_file.announced(path, LINE):
        assert line_file.read(path) == LINE


def test_a_second_line_takes_nothing_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "line.json"
    other = RunningLine("later", {}, {}, "", {})
    with line_file.announced(path, LINE):
        with pytest.raises(AlreadyRuns), line_file.announced(path, other):
            pass
        assert line_file.read(path) == LINE
    assert list(tmp_path.iterdir()) == []
