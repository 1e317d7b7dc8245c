"""A carrier's own words about an event, out of the event as it came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 500
_FIELDS = ("label", "labelLong", "message")
"""Suivi's, that of Colissimo's service for holders of a contract, and that of the aggregators."""


def own_words(raw: bytes) -> str | None:
    """The text in which the event is told; None when it has none. Cut at `LONGEST`."""
    event: Any = json.loads(raw)
    if not isinstance(event, Mapping):
        return None
    text = next((event[name] for name in _FIELDS if isinstance(event.get(name), str)), None)
    return text[:LONGEST] if text is not None else None
