"""The file by which commands find a line that runs on this machine: its addresses, its keys, and what each process is
told.

Who runs the line holds a lock on the file as long as it runs. A file that nobody has locked was left by a line that was
killed, and leads nowhere.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.operations.provision import Scope

LINE_FILE = Path(__file__).resolve().parents[2] / ".run" / "line.json"


class NoLine(Exception):
    """No line runs here; the message says so in one sentence."""


class AlreadyRuns(Exception):
    """Another line has said in this file where it is, and still runs."""


@dataclass(frozen=True, slots=True)
class RunningLine:
    began: str
    """ISO 8601, real time."""
    urls: Mapping[str, str]
    api_keys: Mapping[Scope, str]
    clock_file: str
    environments: Mapping[str, Mapping[str, str]]
    """By service, the settings that it runs with."""


def where() -> Path:
    """The file that `LINE_FILE` names, or else that of this checkout."""
    return Path(os.environ.get("LINE_FILE") or LINE_FILE)


def read(path: Path | None = None) -> RunningLine:
    """The line that runs here. Raises NoLine."""
    path = path or where()
    try:
        with path.open(encoding="utf-8") as file:
            held = _held(file.fileno())
            line = RunningLine(**json.load(file))
    except FileNotFoundError:
        raise NoLine("no line is running here: `make run` starts one") from None
    except (ValueError, TypeError):
        raise NoLine(f"{path} cannot be read: `make run` writes it anew") from None
    if not held:
        raise NoLine(f"no line is running here (the last one, begun {line.began}, was killed): `make run` starts one")
    return line


@contextmanager
def announced(path: Path, line: RunningLine) -> Iterator[None]:
    """Commands find this line inside. The file is for its owner only, since it holds keys. Raises AlreadyRuns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(asdict(line), file, indent=2)
        file.flush()
        if _runs(path):
            draft.unlink()
            raise AlreadyRuns(f"{path} names another line, which still runs")
        draft.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _runs(path: Path) -> bool:
    try:
        read(path)
    except NoLine:
        return False
    return True


def _held(file: int) -> bool:
    """Whether somebody has locked it; the kernel takes the lock from a process that dies."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
