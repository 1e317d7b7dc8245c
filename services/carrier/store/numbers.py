"""Tracking numbers, each with its carrier: a number is unique only within one."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

Number: TypeAlias = tuple[str, str]
"""Carrier and tracking number."""
Numbers: TypeAlias = Collection[Number]


def columns(numbers: Numbers) -> tuple[list[str], list[str]]:
    """The carriers, and the numbers, as a statement takes them."""
    return [carrier for carrier, _ in numbers], [number for _, number in numbers]
