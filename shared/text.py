"""Text as it can be kept. Pure."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text as UTF-8 and PostgreSQL can hold it: half a character and NUL become question marks."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")
