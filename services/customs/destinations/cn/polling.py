"""How long to wait before the receipts are asked for again. Real seconds. Pure."""

from __future__ import annotations

LONGEST_WAIT_SECONDS = 60.0


def seconds_after_failure(failures: int, poll_seconds: float, retry_after: float | None) -> float:
    """As long as the gateway says, else twice as long after each failure in a row, up to a limit."""
    return min(LONGEST_WAIT_SECONDS, poll_seconds * 2 ** min(failures, 6)) if retry_after is None else retry_after
