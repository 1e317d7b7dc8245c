"""GS1 Digital Links of a product, a lot or a unit as paths (GS1 Digital Link: URI Syntax 1.2, 4.7 and 4.9)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import Field

from contracts.base import Gtin, Lot, Serial, Value
from contracts.warehouse import UnitKey

QUALIFIERS = {"22": "variant", "10": "lot", "21": "serial"}
"""Of a GTIN, in the order in which they stand in a path."""
THIRD_PARTY = "235"
"""A qualifier that is never with another: a serial that neither brand nor maker controls."""
_SEGMENT = re.compile(r"(?:%[0-9A-Fa-f]{2}|[!$&'()*+,;=:@A-Za-z0-9\-._~\"<>?])+")


class DigitalLink(Value):
    """What a path names."""

    gtin: Gtin
    variant: Serial | None = None
    """AI 22: consumer product variant."""
    lot: Lot | None = None
    serial: Serial | None = None
    third_party: Annotated[str, Field(pattern=r"""^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,28}$""")] | None = None
    """AI 235. Never of a unit of ours."""

    @property
    def path(self) -> str:
        """Percent-encoded, with the GTIN in 14 digits."""
        named = [*QUALIFIERS.items(), (THIRD_PARTY, "third_party")]
        values = [(key, value) for key, name in named if (value := getattr(self, name))]
        return f"/01/{self.gtin}" + "".join(f"/{key}/{quote(value, safe='')}" for key, value in values)

    @property
    def unit(self) -> UnitKey | None:
        """None for a link to a product or a lot."""
        return UnitKey(gtin=self.gtin, serial=self.serial) if self.serial else None


def parse_link(path: str) -> DigitalLink | None:
    """Of a path as it came, percent-encoded: `/01/{gtin}/22/{variant}/10/{lot}/21/{serial}`, of which each qualifier
    may be missing, or `/01/{gtin}/235/{serial}`. None for what is none."""
    parts = path.split("/")
    if parts[:2] != ["", "01"] or len(parts) % 2 == 0:
        return None
    try:
        values = dict(zip(_names(parts[3::2]), map(_decoded, parts[4::2]), strict=True))
        return DigitalLink(gtin=parts[2], **values)
    except ValueError:  # ValidationError is one
        return None


def _names(keys: Sequence[str]) -> Sequence[str]:
    """What these qualifiers are called here. ValueError for keys that are none, out of order or repeated."""
    if list(keys) == [THIRD_PARTY]:
        return ["third_party"]
    if list(keys) != [key for key in QUALIFIERS if key in keys]:
        raise ValueError("qualifiers stand in the order 22, 10, 21, or 235 alone")
    return [QUALIFIERS[key] for key in keys]


def _decoded(segment: str) -> str:
    if not _SEGMENT.fullmatch(segment):
        raise ValueError("not a segment of a path")
    return unquote(segment, errors="strict")
