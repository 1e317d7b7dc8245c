"""EMS items: numbered by their sender, known to the post from the first scan, and reported in files, whose form is in
docs/services/carrier.md.

A file is written whole under another name, then renamed. Its faults are those of real feeds: it comes twice, in another
order, late, with a line that is broken, with a code that nobody knows, or cut off.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox.laposte.s10 import is_s10
from sandbox.scheduler import Scheduler

FeedFault = Literal["late", "twice", "shuffled", "broken_line", "unknown_code", "wrong_count", "cut_off"]
ZONES = {"FR": ZoneInfo("Europe/Paris"), "CN": ZoneInfo("Asia/Shanghai")}
OFFICES = {"FR": "FRCDGA", "CN": "CNPVGA"}
WAY = (
    (2, "EMA", "FR"),
    (9, "EMB", "FR"),
    (20, "EXA", "FR"),
    (26, "EXC", "FR"),
    (44, "EMC", "FR"),
    (118, "EMD", "CN"),
    (126, "EDB", "CN"),
    (150, "EDC", "CN"),
    (156, "EMF", "CN"),
    (190, "EMG", "CN"),
    (200, "EDG", "CN"),
    (204, "EMI", "CN"),
)
"""Hours after the deposit, code, country."""


@dataclass(frozen=True, slots=True)
class ItemEvent:
    item: str
    code: str
    at: datetime
    country: str

    @property
    def line(self) -> str:
        local = self.at.astimezone(ZONES[self.country]).isoformat(timespec="seconds")
        return f"{self.code};{self.item};{local};{self.country};{OFFICES[self.country]};"


@dataclass(slots=True)
class EmsPost:
    scheduler: Scheduler
    directory: Path | None
    """Where its files go; None: it takes no items."""
    items: dict[str, list[ItemEvent]] = field(default_factory=dict)
    """Oldest first."""
    faults: deque[FeedFault] = field(default_factory=deque)
    """Of the next files, one each."""
    injected: Counter[str] = field(default_factory=Counter)
    files: int = 0
    _waiting: list[ItemEvent] = field(default_factory=list)

    def takes(self, number: str) -> bool:
        """An EMS item has a number of service E, with its check digit."""
        return self.directory is not None and number.startswith("E") and is_s10(number)

    def deposit(self, number: str, now: datetime) -> bool:
        """The post has the item, and its way begins; False when it had it already."""
        if number in self.items:
            return False
        self.items[number] = []
        for hours, code, country in WAY:
            self.scheduler.schedule(now + timedelta(hours=hours), partial(self._scheduled, number, code, country))
        return True

    def scan(self, number: str, code: str, country: str, scanned_at: datetime) -> ItemEvent:
        """KeyError: it does not have the item."""
        event = ItemEvent(number, code, scanned_at, country)
        self.items[number].append(event)
        self._waiting.append(event)
        return event

    def _scheduled(self, number: str, code: str, country: str, scanned_at: datetime) -> None:
        self.scan(number, code, country, scanned_at)

    def write(self, now: datetime) -> None:
        """A file with all that has happened since the last one, if anything has."""
        if self.directory is None or not self._waiting:
            return
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            self.injected[fault] += 1
        if fault == "late":
            return
        events, self._waiting = self._waiting, []
        lines = [event.line for event in (reversed(events) if fault == "shuffled" else events)]
        if fault == "unknown_code":
            lines.insert(0, lines[0].replace(events[0].code, "XQZ", 1))
        if fault == "broken_line":
            lines.insert(0, lines[0].replace(";", ","))
        self._file(lines, now, fault)
        if fault == "twice":
            self._file(lines, now, None)
        elif fault in ("wrong_count", "cut_off"):
            self._waiting = events  # told again by the next file

    def _file(self, lines: Sequence[str], now: datetime, fault: FeedFault | None) -> None:
        if self.directory is None:
            raise ValueError("no directory for files")
        self.files += 1
        head = f"EMSEVT;1;FRA;{self.files};{now.isoformat(timespec='seconds')}"
        count = len(lines) + 1 if fault == "wrong_count" else len(lines)
        end = [] if fault == "cut_off" else [f"END;{count}"]
        name = f"EMSEVT-{self.files:08}.txt"
        draft = self.directory / f"{name}.tmp"
        draft.write_text("".join(f"{line}\n" for line in (head, *lines, *end)), encoding="ascii")
        draft.replace(self.directory / name)
