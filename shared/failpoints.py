"""Places where a process can be made to die, freeze or fail, to see what is true afterwards.

`FAILPOINT=name[:action[:nth]]` in the environment, several parted by commas. The action, `kill` unless said otherwise,
happens the `nth` time (from 1) that the process comes there, once: `kill` ends it by SIGKILL, `stop` freezes it by
SIGSTOP, `raise` raises Failed. None of them leaves out a safeguard. `FAILPOINT=@path` reads the same from a file, anew
whenever that changes, so that a running process can be armed. Unset, nothing happens.

| name | where |
|---|---|
| consumer.read | a batch was read, its transaction has not begun |
| consumer.worked | inside the batch's transaction, all work done |
| consumer.committed | after the commit, before the positions are committed to Kafka too |
| relay.claimed | rows of the outbox are chosen, nothing sent |
| relay.sent | the broker has acknowledged, nothing is marked as sent |
| relay.marked | marked and committed |
| jobs.claimed | a job was claimed, its counterpart not called |
| jobs.answered | the counterpart has answered, nothing is stored |
| jobs.stored | the answer is committed |
| api.worked | inside the transaction of a POST, all work done |
| api.committed | after its commit, before the answer |
| callback.worked | inside the transaction that keeps call-backs |
| callback.committed | after its commit, before the answer |
| log.signed | inside the transaction that signs events, all work done |
| log.appended | inside the transaction that appends leaves, all work done |
| log.stored | a checkpoint is committed, no witness has seen it |
| log.sent | a witness has answered, nothing is stored |
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NAMES = frozenset(
    {
        *(f"consumer.{place}" for place in ("read", "worked", "committed")),
        *(f"relay.{place}" for place in ("claimed", "sent", "marked")),
        *(f"jobs.{place}" for place in ("claimed", "answered", "stored")),
        *(f"api.{place}" for place in ("worked", "committed")),
        *(f"callback.{place}" for place in ("worked", "committed")),
        *(f"log.{place}" for place in ("signed", "appended", "stored", "sent")),
    }
)
ACTIONS = ("kill", "stop", "raise")


class Failed(Exception):
    """Raised on purpose."""


@dataclass(slots=True)
class Armed:
    action: str
    nth: int
    times: int = 0
    """How often the process came here."""


def parse(text: str) -> dict[str, Armed]:
    """The actions that the variable names, by place. ValueError for an unknown place or action."""
    armed: dict[str, Armed] = {}
    for item in filter(None, text.split(",")):
        name, _, rest = item.partition(":")
        action, _, nth = (rest or "kill").partition(":")
        nth = nth or "1"
        if name not in NAMES or action not in ACTIONS or not nth.isdecimal() or int(nth) < 1:
            raise ValueError(f"FAILPOINT: {item!r} is not <name>[:{'|'.join(ACTIONS)}[:nth]]")
        armed[name] = Armed(action, int(nth))
    return armed


class _Fixed:
    """The actions that the variable itself names."""

    def __init__(self, text: str) -> None:
        self._armed = parse(text)

    def get(self, name: str) -> Armed | None:
        return self._armed.get(name)


class _Followed:
    """The actions that the file names now; none when there is no such file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = 0
        self._armed: dict[str, Armed] = {}

    def get(self, name: str) -> Armed | None:
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if changed != self._changed:
            self._changed = changed
            self._armed = parse(self._path.read_text().strip())
        return self._armed.get(name)


def _asked() -> _Fixed | _Followed | None:
    text = os.environ.get("FAILPOINT", "")
    if not text:
        return None
    return _Followed(Path(text[1:])) if text.startswith("@") else _Fixed(text)


def _reach(name: str) -> None:
    armed = _ASKED.get(name) if _ASKED else None
    if armed is None:
        return
    armed.times += 1
    if armed.times != armed.nth:
        return
    match armed.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "raise":
            raise Failed(name)


def _pass_by(_: str) -> None:
    return


_ASKED = _asked()
reach: Callable[[str], None] = _reach if _ASKED else _pass_by
"""The process has come to the place of this name."""
