"""How long requests took while a fault was on, and how many were not answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PLACING, TRACKING = "POST /orders", "GET tracking"


def kind_of(method: str, path: str) -> str | None:
    """Which of the measured requests this is."""
    if method == "POST" and path == "/orders":
        return PLACING
    return TRACKING if method == "GET" and path.endswith("/tracking") else None


@dataclass
class Requests:
    """Of one kind."""

    milliseconds: Counter[int] = field(default_factory=Counter)
    """How many of those answered took so long, in two significant digits."""
    refused: int = 0
    """Answered 503: the client comes again."""
    refused_milliseconds: Counter[int] = field(default_factory=Counter)
    """How many of those refused took so long; a run kept from before this was measured has none."""
    lost: int = 0
    """Without an answer: the connection was refused or lost, or the client gave up."""

    def add(self, seconds: float, status: int) -> None:
        """`status` 0: there was no answer."""
        if status == 0:
            self.lost += 1
        elif status == 503:
            self.refused += 1
            self.refused_milliseconds[_rounded(seconds * 1000)] += 1
        else:
            self.milliseconds[_rounded(seconds * 1000)] += 1

    def merge(self, other: Requests) -> None:
        self.milliseconds += other.milliseconds
        self.refused += other.refused
        self.refused_milliseconds += other.refused_milliseconds
        self.lost += other.lost

    def document(self) -> dict[str, Any]:
        return {
            "milliseconds": _document(self.milliseconds),
            "refused": self.refused,
            "refused_milliseconds": _document(self.refused_milliseconds),
            "lost": self.lost,
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Requests:
        return cls(
            _counter(document["milliseconds"]),
            document["refused"],
            _counter(document.get("refused_milliseconds", {})),
            document["lost"],
        )

    def __str__(self) -> str:
        """`p50 / p99`, and what was not answered; of what was refused, after how long."""
        parts = [_percentiles(self.milliseconds) or "-"]
        if self.refused:
            after = _percentiles(self.refused_milliseconds)
            parts.append(f"{self.refused} refused" + (f" after {after}" if after else ""))
        if self.lost:
            parts.append(f"{self.lost} lost")
        return ", ".join(parts)


def _percentiles(milliseconds: Counter[int]) -> str:
    """`p50 / p99`; empty where there is none."""
    times = sorted(milliseconds.elements())
    return f"{percentile(times, 0.5):.0f} / {percentile(times, 0.99):.0f}" if times else ""


def _document(milliseconds: Counter[int]) -> dict[str, int]:
    return {str(time): n for time, n in sorted(milliseconds.items())}


def _counter(document: Mapping[str, int]) -> Counter[int]:
    return Counter({int(time): n for time, n in document.items()})


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of these values, which are in order, that at least this share of them does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def _rounded(milliseconds: float) -> int:
    """In two significant digits: a run's requests take few different values, and so little room."""
    return round(float(f"{milliseconds:.2g}"))
