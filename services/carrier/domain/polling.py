"""How long the poller waits. Real seconds."""

from __future__ import annotations

LONGEST_WAIT_SECONDS = 60.0
IDLE_SECONDS = 1.0


def seconds_after_failure(failures: int, retry_after: float | None) -> float:
    """After so many rounds in a row in which the carrier gave no answer: what it asked for, else longer each time."""
    return min(LONGEST_WAIT_SECONDS, 2.0 ** min(failures, 6) if retry_after is None else retry_after)


def seconds_after_round(polled: int, poll_seconds: float) -> float:
    """0 while parcels are due; else until one may be."""
    return 0.0 if polled else min(IDLE_SECONDS, poll_seconds)
