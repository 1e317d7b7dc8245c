"""How large a run is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int = 3
    """Turns of each contestant."""
    seconds: float = 3.0
    """How long each load lasts."""
    warm: float = 1.0
    """Seconds of the same load before it counts."""
    connections: int = 32
    """Clients that ask at the same time."""
    orders: int = 1000
    """Orders, labels or declarations of a turn of the fast contestants."""
    warm_up: int = 40
    """Orders that pass before: groups are joined, statements prepared."""
    slow_share: int = 10
    """Those that do one thing at a time get this part of them."""
    latency_ms: float = 20.0
    """How long the stand-ins of La Poste and of customs take for a call."""
    stored: int = 100
    """Orders that are there already, for the stage that multiplies them."""
    times: tuple[int, ...] = (1, 10, 100)
    """By how much."""

    def share(self, how: str) -> int:
        """How many a contestant gets."""
        return max(1, self.orders // self.slow_share) if how == "one" else self.orders
