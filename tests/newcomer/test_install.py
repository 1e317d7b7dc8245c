"""`make install`, and what stands in its way: said in one sentence, with what to do."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.newcomer.conftest import Stand, copy_tree

NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "PIP_FIND_LINKS": "", "PIP_NO_INDEX": ""}


def last_line(printed: str) -> str:
    """What stands above make's own line."""
    lines = [line for line in printed.splitlines() if not line.startswith("make: ***")]
    assert "Traceback" not in printed
    return lines[-1]


def test_without_an_index_the_sentence_names_it(ordinary: Stand) -> None:
    said = last_line(ordinary.make("install", code=2, **NOWHERE))
    assert said.startswith("The package index cannot be reached, asked for ")
    assert "PIP_INDEX_URL" in said


def test_an_installation_that_was_killed_is_taken_up_by_the_next(ordinary: Stand) -> None:
    """Killed while packages are unpacked, when some are half there."""
    making = ordinary.start("install")
    assert making.stdout is not None
    with making, making.stdout as lines:
        seen = []
        for line in lines:
            seen.append(line)
            if line.startswith("unpacking packages"):
                break
        os.killpg(making.pid, signal.SIGKILL)
    assert any(line.startswith("fetching packages: ") and " of 1" in line for line in seen), seen
    assert not (ordinary.folder / ".venv/.installed").exists()
    printed = ordinary.make("install")
    assert "did not come to its end: this one begins anew" in printed
    assert " packages are in .venv: " in printed
    assert (ordinary.folder / ".venv/.installed").exists()
    assert ordinary.make("install") == "make: Nothing to be done for 'install'.\n"


def test_a_python_that_is_too_old_is_named(ordinary: Stand, tmp_path_factory: pytest.TempPathFactory) -> None:
    old = ordinary.folder / "python3.9"
    old.write_text(
        f"#!/bin/sh\nexec {ordinary.python} -c 'import sys; sys.version_info = (3, 9, 2); exec(sys.argv[2])' \"$@\"\n"
    )
    old.chmod(0o755)
    stand = replace(ordinary, python=str(old))
    said = last_line(stand.make("--always-make", "install", code=2))
    assert said.startswith("Silkpost needs Python 3.11 or newer, and ")
    assert said.endswith("is 3.9: name another, as in make PYTHON=python3.12")


def test_a_python_that_is_not_there_is_named(ordinary: Stand) -> None:
    stand = replace(ordinary, python="python3.99")
    assert last_line(stand.make("--always-make", "install", code=2)).startswith("There is no python3.99 here; ")


def test_a_folder_that_cannot_be_written_is_named(ordinary: Stand, tmp_path: Path) -> None:
    folder = ordinary.folder.parent / "of somebody else"
    stand = replace(ordinary, folder=folder)
    copy_tree(replace(stand, user=None))
    said = last_line(stand.make("install", code=2))
    assert said.startswith(f"{folder} cannot be written (Permission denied), ")


@pytest.fixture
def noexec(ordinary: Stand) -> Iterator[Stand]:
    folder = ordinary.folder.parent / "noexec"
    with mounted(folder, "noexec,mode=755"):
        stand = replace(ordinary, folder=folder / "tree")
        copy_tree(stand)
        yield stand


class mounted:  # noqa: N801
    pass
