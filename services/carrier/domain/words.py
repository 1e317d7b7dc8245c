"""A carrier's own words about an event, and its own code, out of the event as it came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 500
_FIELDS = ("label", "labelLong", "message")
"""Suivi's, that of Colissimo's service for holders of a contract, and that of the aggregators."""
LONGEST_CODE = 64
_CODE_FIELDS = ("code", "subtag", "status")
"""La Poste's and a post's, AfterShip's, EasyPost's."""


def own_words(raw: bytes) -> str | None:
    """The carrier's text for the event; None when it has none. Cut at `LONGEST`."""
    return _first(raw, _FIELDS, LONGEST)


def own_code(raw: bytes) -> str | None:
    """The code by which the carrier, or who sends in its place, calls the event, also one that is in no table; None
    when it has none. Cut at `LONGEST_CODE`."""
    return _first(raw, _CODE_FIELDS, LONGEST_CODE)


def _first(raw: bytes, fields: Iterable[str], longest: int) -> str | None:
    """The first of these fields that holds a text."""
    event: Any = json.loads(raw)
    if not isinstance(event, Mapping):
        return None
    text = next((event[name] for name in fields if isinstance(event.get(name), str)), None)
    return text[:longest] if text is not None else None
