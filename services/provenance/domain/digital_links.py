"""GS1 Digital Links of a product, a lot or a unit as paths (GS1 Digital Link: URI Syntax 1.2, 4.7 and 4.9)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from contracts.base import Gtin, Lot, Serial, Value
from contracts.warehouse import UnitKey

QUALIFIERS = {"22": "variant", "10": "lot", "21": "serial"}
"""Of a GTIN, in the order in which they stand in a path."""
_SEGMENT = re.compile(r"(?:%[0-9A-Fa-f]{2}|[!$&'()*+,;=:@A-Za-z0-9\-._~\"<>?])+")


class DigitalLink(Value):
    """What a path names."""

    gtin: Gtin
    variant: Serial | None = None
    """AI 22: consumer product variant."""
    lot: Lot | None = None
    serial: Serial | None = None

    @property
    def unit(self) -> UnitKey | None:
        """None for a link to a product or a lot."""
        return UnitKey(gtin=self.gtin, serial=self.serial) if self.serial else None


def parse_link(path: str) -> DigitalLink | None:
    """Of a path as it came, percent-encoded: `/01/{gtin}/22/{variant}/10/{lot}/21/{serial}`, of which each qualifier
    may be missing. None for what is none."""
    parts = path.split("/")
    if parts[:2] != ["", "01"] or len(parts) % 2 == 0:
        return None
    try:
        values = dict(zip((QUALIFIERS[key] for key in _in_order(parts[3::2])), map(_decoded, parts[4::2]), strict=True))
        return DigitalLink(gtin=parts[2], **values)
    except (KeyError, ValueError):  # ValidationError is one
        return None


def _in_order(keys: Sequence[str]) -> Sequence[str]:
    """ValueError for keys out of order or repeated."""
    if list(keys) != [key for key in QUALIFIERS if key in keys]:
        raise ValueError("qualifiers stand in the order 22, 10, 21")
    return keys


def _decoded(segment: str) -> str:
    if not _SEGMENT.fullmatch(segment):
        raise ValueError("not a segment of a path")
    return unquote(segment, errors="strict")
