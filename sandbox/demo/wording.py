"""How the commands of the sandbox put times and paces."""

from __future__ import annotations

from datetime import datetime


def format_instant(at: datetime) -> str:
    """Business time, e.g. `Tuesday 15 December 2026, 10:47 UTC`."""
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M} UTC"


def format_speed(speed: float) -> str:
    return "at real pace" if speed == 1 else f"{speed:,.0f} times as fast as real time"
