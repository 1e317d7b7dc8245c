"""Which times that counterparts state are believed. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

TIME_TOLERANCE = timedelta(days=1)
"""How wrong an honest time may be: one stated without its offset, or with another's, is up to 14 hours off."""


def believed(stated: datetime | None, since: datetime | None, now: datetime) -> datetime | None:
    """The time that is stated, where it can be true: not before `since`, if that is known, and not after now."""
    if stated is None or stated > now + TIME_TOLERANCE:
        return None
    return None if since is not None and stated < since - TIME_TOLERANCE else stated
