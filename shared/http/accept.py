"""Which of several forms of an answer a client prefers (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

MOST_RANGES = 30
"""How many media ranges of an `Accept` header are read."""


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The media type that `accept` rates highest; the first of several with one rating. The first also when `accept`
    takes none of them: an answer in another form helps more than none."""
    ranges = [_range(text) for text in accept.split(",")[:MOST_RANGES]]
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))
    return best if _quality(best, ranges) > 0 else offered[0]


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return name, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return name, 0.0


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """By the most specific range that it is in; 0 when it is in none."""
    for name in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        for range_, quality in ranges:
            if range_ == name:
                return quality
    return 0.0
