"""How the commands of the demo print instants and clock speeds."""

from __future__ import annotations

from datetime import datetime


def format_instant(instant: datetime) -> str:
    """E.g. `Tuesday 15 December 2026, 10:47 UTC`."""
    return f"{instant:%A} {instant.day} {instant:%B %Y, %H:%M} UTC"


def format_speed(speed: float) -> str:
    """`speed`: business seconds in a real one."""
    return "at real pace" if speed == 1 else f"{speed:,.0f} times as fast as real time"
