"""The file by which commands find a stack that runs on this machine: its addresses, its keys, and the settings of each
process.

Whoever runs the stack holds a lock on the file as long as it runs. A file that nobody has locked was left by a stack
that was killed, and is ignored.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.scopes import Scope

STACK_FILE = Path(__file__).resolve().parents[2] / ".run" / "stack.json"


class NoStack(Exception):
    """No stack runs here; the message says so in one sentence."""


class AlreadyRuns(Exception):
    """Another stack has written this file, and still runs."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    began: str
    """ISO 8601, real time."""
    urls: Mapping[str, str]
    api_keys: Mapping[Scope, str]
    clock_file: str
    environments: Mapping[str, Mapping[str, str]]
    """By service, the settings that it runs with."""


def where() -> Path:
    """The file that `STACK_FILE` names, or else that of this checkout."""
    return Path(os.environ.get("STACK_FILE") or STACK_FILE)


def read(path: Path | None = None) -> RunningStack:
    """The stack that runs here. Raises NoLine."""
    path = path or where()
    try:
        with path.open(encoding="utf-8") as file:
            held = _held(file.fileno())
            stack = RunningStack(**json.load(file))
    except FileNotFoundError:
        raise NoStack("no stack is running here: `make run` starts one") from None
    except (ValueError, TypeError):
        raise NoStack(f"{path} cannot be read: `make run` writes it anew") from None
    if not held:
        raise NoStack(
            f"no stack is running here (the last one, begun {stack.began}, was killed): `make run` starts one"
        )
    return stack


@contextmanager
def announced(path: Path, stack: RunningStack) -> Iterator[None]:
    """A context in which commands find this stack. Only the file's owner may read it, since it holds keys. Raises
    AlreadyRuns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(asdict(stack), file, indent=2)
        file.flush()
        if _runs(path):
            draft.unlink()
            raise AlreadyRuns(f"{path} names another stack, which still runs")
        draft.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _runs(path: Path) -> bool:
    try:
        read(path)
    except NoStack:
        return False
    return True


def _held(file: int) -> bool:
    """Whether somebody has locked it; the kernel releases the lock of a process that dies."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
