"""What a counterpart answered, as a value: parsers need no HTTP client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None
    """Real seconds, more than 0; None where the counterpart names no time."""
    request_id: str | None = None
    """By which the counterpart's support finds the call in its logs."""
