"""Places where a process can be made to die, freeze or fail, to see what is true afterwards.

`FAILPOINT=name[:action[:nth]]` in the environment, several parted by commas. The action, `kill` unless said otherwise,
happens the `nth` time (from 1) that the process comes there, once: `kill` ends it by SIGKILL, `stop` freezes it by
SIGSTOP, `raise` raises Failed. `off` is for the places that are a safeguard: it is not there. Unset, nothing happens.

| name | where |
|---|---|
| consumer.read | a batch was read, its transaction has not begun |
| consumer.worked | inside the batch's transaction, all work done |
| consumer.committed | after the commit, before anything is told to Kafka |
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
| ledger.inbox | `off` only: a fact heard again counts again |
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass

NAMES = frozenset(
    {
        *(f"consumer.{place}" for place in ("read", "worked", "committed")),
        *(f"relay.{place}" for place in ("claimed", "sent", "marked")),
        *(f"jobs.{place}" for place in ("claimed", "answered", "stored")),
        *(f"api.{place}" for place in ("worked", "committed")),
        *(f"callback.{place}" for place in ("worked", "committed")),
        "ledger.inbox",
    }
)
ACTIONS = ("kill", "stop", "raise", "off")


class Failed(Exception):
    """Raised on purpose."""


@dataclass(slots=True)
class Armed:
    action: str
    nth: int
    times: int = 0
    """How often the process came here."""


def parse(text: str) -> dict[str, Armed]:
    """What the variable asks for, by name. ValueError when it asks for something that is not there."""
    armed: dict[str, Armed] = {}
    for item in filter(None, text.split(",")):
        name, _, rest = item.partition(":")
        action, _, nth = (rest or "kill").partition(":")
        nth = nth or "1"
        if name not in NAMES or action not in ACTIONS or not nth.isdecimal() or int(nth) < 1:
            raise ValueError(f"FAILPOINT: {item!r} is not <name>[:{'|'.join(ACTIONS)}[:nth]]")
        armed[name] = Armed(action, int(nth))
    return armed


def _reach(name: str) -> None:
    armed = _ARMED.get(name)
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


_ARMED: Mapping[str, Armed] = parse(os.environ.get("FAILPOINT", ""))
reach: Callable[[str], None] = _reach if _ARMED else _pass_by
"""The process has come to the place of this name."""


def off(name: str) -> bool:
    """Whether the safeguard of this name is to be left out."""
    armed = _ARMED.get(name)
    return armed is not None and armed.action == "off"
