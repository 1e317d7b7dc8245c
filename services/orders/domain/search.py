"""Search terms and patterns: the number of an order, its parcels' tracking numbers, the beginning of its id.

Case, blanks and dashes make no difference, neither in the query nor in the terms; in a tracking number nor do dots.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.tracking_numbers import as_printed

MIN_LENGTH = 4
"""Characters of a query, blanks and dashes not counted: fewer would match half of all orders, and no index helps with
less than three."""
MAX_LENGTH = 64
_IGNORED = re.compile(r"[\s-]+")
_ID_DIGITS = 32
_ID_PREFIX = re.compile(r"[0-9A-F]{1,32}")


@dataclass(frozen=True, slots=True)
class SearchPattern:
    """A query in the form in which the database compares it."""

    like: tuple[str, ...]
    """For LIKE on the search terms, any of them: as a number of an order, and as a tracking number."""
    first_id: UUID | None
    """The lowest id that begins with the query; None when none can."""
    last_id: UUID | None
    """The highest such id."""


def search_pattern(query: str) -> SearchPattern | None:
    """The pattern of this query; None when it is too short."""
    text = normalize(query)
    if len(text) < MIN_LENGTH:
        return None
    like = tuple(_like(term) for term in dict.fromkeys((text, as_printed(text))) if len(term) >= MIN_LENGTH)
    if not _ID_PREFIX.fullmatch(text):
        return SearchPattern(like, None, None)
    return SearchPattern(like, UUID(text.ljust(_ID_DIGITS, "0")), UUID(text.ljust(_ID_DIGITS, "F")))


def _like(term: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", term) + "%"


def search_terms(document: Mapping[str, Any]) -> str:
    """What an order, as `domain.document` makes it, is found by besides its id."""
    numbers = [parcel["tracking_number"] for parcel in document["parcels"]]
    return " ".join(normalize(number) for number in (document["number"], *numbers) if number)


def normalize(text: str) -> str:
    """The text in upper case, without blanks and dashes."""
    return _IGNORED.sub("", text).upper()
