"""The programs that make clients of the OpenAPI documents, each of a locked version, installed under .run/generators.

Python's openapi-python-client has a folder of its own, since it needs other versions of some libraries than the
services do. What TypeScript needs is in clients/typescript/package-lock.json.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".run" / "generators"
PYTHON_LOCK = ROOT / "clients" / "requirements.lock"
TYPESCRIPT = ROOT / "clients" / "typescript"


class CommandFailed(Exception):
    """A program ended with an error; the message is what it printed."""


def run(argv: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """What the program printed. Raises CommandFailed, or FileNotFoundError when there is no such program."""
    ended = subprocess.run(  # noqa: S603  the programs are named here, what they are given are files of this repository
        argv,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if ended.returncode:
        raise CommandFailed(f"{argv[0]} ended with {ended.returncode}:\n{ended.stdout.strip()}")
    return ended.stdout


def python_generator() -> Mapping[str, str]:
    """The environment in which `python -m openapi_python_client` runs. Raises CommandFailed when it cannot be had."""

    def install(into: Path) -> None:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
        run([*pip, "--require-hashes", "--target", into, "-r", PYTHON_LOCK], cwd=ROOT)

    folder = _installed("python", [PYTHON_LOCK.read_bytes(), platform.python_version().encode()], install)
    return {"PYTHONPATH": str(folder), "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])}


def typescript_packages() -> Path:
    """The folder `node_modules` of clients/typescript. Raises CommandFailed when it cannot be had, FileNotFoundError
    without npm."""
    files = [TYPESCRIPT / "package.json", TYPESCRIPT / "package-lock.json"]

    def install(into: Path) -> None:
        for file in files:
            shutil.copy(file, into)
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=into)

    return _installed("typescript", [file.read_bytes() for file in files], install) / "node_modules"


def _installed(name: str, parts: Sequence[bytes], install: Callable[[Path], None]) -> Path:
    """The folder that `install` has filled for these locked versions, filled now when there is none."""
    folder = FOLDER / f"{name}-{hashlib.sha256(b'/'.join(parts)).hexdigest()[:12]}"
    if not folder.is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=FOLDER) as temporary:
            fresh = Path(temporary) / name
            fresh.mkdir()
            install(fresh)
            try:
                fresh.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another process was first
                    raise
    return folder
