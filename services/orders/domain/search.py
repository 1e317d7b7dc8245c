"""What an order is found by: the marketplace's number, its parcels' tracking numbers, the beginning of its id. Pure.

Upper and lower case, blanks and dashes make no difference, neither in what is sought nor in where it is sought.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

SHORTEST = 4
"""Characters that count; fewer would find half of all orders, and no index helps with less than three."""
LONGEST = 64
_PASSED_OVER = re.compile(r"[\s-]+")
_ID_DIGITS = 32
_HEX = re.compile(r"[0-9A-F]{1,32}")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what an order is found by, as the database looks for it."""

    pattern: str
    """For LIKE."""
    first_id: UUID | None
    """The ids that begin so lie between these two; None for what begins no id."""
    last_id: UUID | None


def part(text: str) -> Part | None:
    """What is sought by this text; None when it is too short."""
    sought = plain(text)
    if len(sought) < SHORTEST:
        return None
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", sought) + "%"
    if not _HEX.fullmatch(sought):
        return Part(pattern, None, None)
    return Part(pattern, UUID(sought.ljust(_ID_DIGITS, "0")), UUID(sought.ljust(_ID_DIGITS, "F")))


def words(document: Mapping[str, Any]) -> str:
    """What this order, as its marketplace sees it, is found by, besides its id."""
    numbers = [parcel["tracking_number"] for parcel in document["parcels"]]
    return " ".join(plain(number) for number in (document["number"], *numbers) if number)


def plain(text: str) -> str:
    """The text without what makes no difference."""
    return _PASSED_OVER.sub("", text).upper()
