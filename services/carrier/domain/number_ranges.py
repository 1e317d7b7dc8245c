"""Ranges of S10 numbers that a post has given us, for labels that we print ourselves. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.carrier.domain.s10 import check_digit

_RANGE = re.compile(r"([A-Z]{2})([0-9]{8})-([0-9]{8})([A-Z]{2})")


class InvalidRange(ValueError):
    """What is written is no list of ranges."""


@dataclass(frozen=True, slots=True)
class NumberRange:
    service: str
    """Two letters of S10, as EE for EMS."""
    first: int
    """The first serial, eight digits without the check digit."""
    last: int
    issuer: str
    """The country of the post that gave it, ISO 3166-1 alpha-2."""

    @property
    def name(self) -> str:
        """As it is written: `EE10000000-10009999FR`."""
        return f"{self.service}{self.first:08}-{self.last:08}{self.issuer}"

    def number(self, serial: int) -> str:
        """The S10 identifier of this serial, with its check digit."""
        digits = f"{serial:08}"
        return f"{self.service}{digits}{check_digit(digits)}{self.issuer}"


def read_ranges(text: str) -> tuple[NumberRange, ...]:
    """The ranges of `EE10000000-10009999FR,...`, in the order in which they are used up. Raises InvalidRange, which
    names the range."""
    ranges: list[NumberRange] = []
    for written in filter(None, (part.strip() for part in text.split(","))):
        form = _RANGE.fullmatch(written)
        if form is None or form[2] > form[3]:
            raise InvalidRange(f"{written}: no range as EE10000000-10009999FR")
        new = NumberRange(form[1], int(form[2]), int(form[3]), form[4])
        if any(_overlap(new, other) for other in ranges):
            raise InvalidRange(f"{written}: overlaps another range")
        ranges.append(new)
    return tuple(ranges)


def _overlap(left: NumberRange, right: NumberRange) -> bool:
    same_kind = (left.service, left.issuer) == (right.service, right.issuer)
    return same_kind and left.first <= right.last and right.first <= left.last
