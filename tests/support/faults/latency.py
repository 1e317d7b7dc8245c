"""How long requests took while a fault was on, and how many were not answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    lost: int = 0
    """Without an answer: the connection was refused or lost, or the client gave up."""

    def add(self, seconds: float, status: int) -> None:
        """`status` 0: there was no answer."""
        if status == 0:
            self.lost += 1
        elif status == 503:
            self.refused += 1
        else:
            self.milliseconds[_rounded(seconds * 1000)] += 1

    def merge(self, other: Requests) -> None:
        self.milliseconds += other.milliseconds
        self.refused += other.refused
        self.lost += other.lost

    def document(self) -> dict[str, Any]:
        times = {str(milliseconds): n for milliseconds, n in sorted(self.milliseconds.items())}
        return {"milliseconds": times, "refused": self.refused, "lost": self.lost}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Requests:
        times = Counter({int(milliseconds): n for milliseconds, n in document["milliseconds"].items()})
        return cls(times, document["refused"], document["lost"])

    def __str__(self) -> str:
        """`p50 / p99`, and what was not answered."""
        times = sorted(self.milliseconds.elements())
        parts = [f"{percentile(times, 0.5):.0f} / {percentile(times, 0.99):.0f}"] if times else ["-"]
        parts += [f"{n} {word}" for n, word in ((self.refused, "refused"), (self.lost, "lost")) if n]
        return ", ".join(parts)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of these values, which are in order, that at least this share of them does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def _rounded(milliseconds: float) -> int:
    """In two significant digits: a run's requests take few different values, and so little room."""
    return round(float(f"{milliseconds:.2g}"))
