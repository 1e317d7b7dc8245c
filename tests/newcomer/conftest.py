"""One real installation, of an ordinary user in a folder with a space and letters beyond ASCII; root gets a copy."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.file_order import sort_by_file
from tests.support.newcomer import ORDINARY, Disk, Stand, group, mounted

HERE = Path(__file__).parent
ORDER = ("test_first_minutes", "test_install", "test_run")
"""In which the files run: `test_install` needs a folder where nothing is installed, in which `test_run` then runs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sort_by_file(items, HERE, ORDER)


@pytest.fixture(scope="session")
def python() -> str:
    """A Python that the ordinary user may run, new enough and with venv."""
    if os.getuid() != 0:
        pytest.skip("only root can work as somebody else too")
    probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    named = [sys.executable, *(f"/usr/bin/python3{minor}" for minor in ("", ".14", ".13", ".12", ".11"))]
    for candidate in (*(os.path.realpath(name) for name in named), "/usr/local/bin/python3"):
        try:
            ran = subprocess.run([candidate, "-c", probe], user=ORDINARY, group=group(ORDINARY), capture_output=True)
        except OSError:
            continue
        if ran.returncode == 0:
            return candidate
    pytest.skip(f"no Python 3.11 or newer with venv here that the user {ORDINARY} may run")


@pytest.fixture(scope="session")
def ordinary(python: str) -> Iterator[Stand]:
    """Nothing is installed yet, until the first test that needs it."""
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103  others have to come in
        stand = Stand(Path(folder, "Crème brûlée 丝路"), python, ORDINARY, {"HOME": "/nonexistent"})
        stand.copy_tree()
        yield stand


@pytest.fixture(scope="session")
def installed(ordinary: Stand) -> Stand:
    ordinary.make("install")
    return ordinary


@pytest.fixture(scope="session")
def closed(installed: Stand) -> Iterator[Stand]:
    """Of root, without a home, in a folder that nobody else may enter and that holds its temporary folder."""
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        stand = Stand(Path(folder, "silkpost"), installed.python, None, {"TMPDIR": folder})
        stand.copy_tree()
        stand.copy_installation(installed)
        yield stand


@pytest.fixture
def disk(ordinary: Stand) -> Iterator[Disk]:
    """`disk(name, options)`: a file system of its own, beside the ordinary user's folder."""
    with ExitStack() as stack:

        def mount(name: str, options: str) -> Path:
            try:
                return stack.enter_context(mounted(ordinary.folder.parent / name, f"mode=1777,{options}"))
            except (OSError, subprocess.CalledProcessError) as refused:
                pytest.skip(f"no file system can be mounted here: {refused}")

        yield mount
