"""Copies of the tree where a newcomer might have one, and the people who work in them.

One real installation, of an ordinary user in a folder with spaces and letters beyond ASCII; the other copies get its
`.venv`. What is left of the environment is PATH and how pip reaches its index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ORDINARY = "nobody"
"""An ordinary user whom every system has; it has no home that can be written."""
SECONDS = 300
_KEPT = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT")
_NOT_COPIED = (".git", ".venv", ".run", ".env", "secrets", "__pycache__", ".*_cache", ".hypothesis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.newcomer)


@dataclass(frozen=True)
class Stand:
    """A folder with a copy of the tree, and who works there."""

    folder: Path
    python: str
    user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """make with these arguments; in a session of its own, so that all of it can be killed."""
        surroundings = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
        return subprocess.Popen(
            ["make", f"PYTHON={self.python}", *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", **surroundings, **self.environment, **more},
            user=self.user,
            group=_group(self.user),
            extra_groups=[] if self.user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def make(self, *arguments: str, code: int = 0, **more: str) -> str:
        """What make printed, after it ended with this code (2: a recipe failed)."""
        with self.start(*arguments, **more) as making:
            try:
                printed, _ = making.communicate(timeout=SECONDS)
            finally:
                making.kill()
        assert making.returncode == code, printed
        return printed


@pytest.fixture(scope="session")
def python() -> str:
    """A Python that the ordinary user may run, new enough and with venv."""
    if os.getuid() != 0:
        pytest.skip("only root can work as somebody else too")
    probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    named = [sys.executable, *(f"/usr/bin/python3{minor}" for minor in ("", ".14", ".13", ".12", ".11"))]
    for candidate in (*(os.path.realpath(name) for name in named), "/usr/local/bin/python3"):
        try:
            ran = subprocess.run([candidate, "-c", probe], user=ORDINARY, group=_group(ORDINARY), capture_output=True)
        except OSError:
            continue
        if ran.returncode == 0:
            return candidate
    pytest.skip(f"no Python 3.11 or newer with venv here that the user {ORDINARY} may run")


@pytest.fixture(scope="session")
def ordinary(python: str) -> Iterator[Stand]:
    """Not installed yet: the tests of the installation come first."""
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        stand = Stand(Path(folder, "Crème brûlée 丝路"), python, ORDINARY, {"HOME": "/nonexistent"})
        copy_tree(stand)
        os.chmod(folder, 0o755)  # noqa: S103  others have to come in
        yield stand


@pytest.fixture(scope="session")
def installed(ordinary: Stand) -> Stand:
    ordinary.make("install")
    return ordinary


@pytest.fixture(scope="session")
def closed(installed: Stand) -> Iterator[Stand]:
    """Of root, in a folder that nobody else may enter, its temporary folder inside."""
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        stand = Stand(Path(folder, "silkpost"), installed.python, None, {"TMPDIR": folder, "LC_ALL": "C"})
        copy_tree(stand)
        copy_installation(installed, stand)
        yield stand


def copy_tree(stand: Stand) -> None:
    shutil.copytree(ROOT, stand.folder, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    _own(stand)


def copy_installation(from_: Stand, to: Stand) -> None:
    """A `.venv` can be moved, apart from the scripts in it, which make does not use."""
    shutil.copytree(from_.folder / ".venv", to.folder / ".venv", symlinks=True)
    (to.folder / ".venv/.installed").touch()
    _own(to)


def _own(stand: Stand) -> None:
    subprocess.run(["chown", "-R", stand.user or "root", str(stand.folder)], check=True)


def _group(user: str | None) -> int | None:
    import pwd

    return pwd.getpwnam(user).pw_gid if user else None
