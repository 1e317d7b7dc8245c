"""A copy of the tree where a newcomer might have one, and who works there.

What is left of the surroundings is PATH and how pip reaches its index: no locale, no home.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ORDINARY = "nobody"
"""An ordinary user whom every system has; it has no home that can be written."""
SECONDS = 300
Disk = Callable[[str, str], Path]
"""`disk(name, options)`: mounts a file system of its own, beside the ordinary user's folder."""
_KEPT = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT")
_NOT_COPIED = (".git", ".venv", ".run", ".env", "secrets", "__pycache__", ".*_cache", ".hypothesis")


@dataclass(frozen=True)
class Stand:
    """`user`: None for root."""

    folder: Path
    python: str
    user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def making(self, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """make with these arguments, killed at the end with all that it has started."""
        inherited = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
        with subprocess.Popen(
            ["/usr/bin/env", "make", f"PYTHON={self.python}", *arguments],
            cwd=self.folder,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "SERVERS": "embedded",
                **inherited,
                **self.environment,
                **more,
            },
            user=self.user,
            group=group(self.user),
            extra_groups=[] if self.user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def make(self, *arguments: str, code: int = 0, **more: str) -> str:
        """What make printed, after it ended with this code (2: a recipe failed)."""
        with self.making(*arguments, **more) as process:
            printed, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == code, printed
        return printed

    def copy_tree(self) -> None:
        shutil.copytree(ROOT, self.folder, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        self.take_ownership(self.folder)

    def copy_installation(self, other: Stand) -> None:
        """A `.venv` can be moved, apart from the scripts in it, which make does not use."""
        shutil.copytree(other.folder / ".venv", self.folder / ".venv", symlinks=True)
        (self.folder / ".venv/.installed").touch()
        self.take_ownership(self.folder)

    def take_ownership(self, path: Path) -> None:
        subprocess.run(["/usr/bin/env", "chown", "-R", self.user or "root", str(path)], check=True)


def refusal(printed: str) -> str:
    """The sentence above make's own line; nothing of how the program is built may stand around it."""
    lines = [line for line in printed.splitlines() if not line.startswith("make: ***")]
    assert "Traceback" not in printed, printed
    return lines[-1]


def group(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system in memory on this folder. Raises CalledProcessError where this user may not mount one."""
    folder.mkdir()
    subprocess.run(
        ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True, capture_output=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["/usr/bin/env", "umount", "--lazy", str(folder)], check=True)
        folder.rmdir()
