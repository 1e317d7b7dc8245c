"""What a counterpart answered. A value: parsers take it without the client that got it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None
    """Real seconds."""
    request_id: str | None = None
    """By which the counterpart's support finds the call in its logs."""
