"""Versions of a standard, as headers of GS1's REST binding name them."""

from __future__ import annotations

import re

_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}")


def within(version: str, low: str | None, high: str | None) -> bool:
    """Whether a version lies between two others, both inclusive; nothing lies within what is no version. `2`, `2.0` and
    `2.0.0` are one."""
    candidate, lowest = _numbers(version), _numbers(low or "0")
    highest = candidate if high is None else _numbers(high)
    return candidate is not None and lowest is not None and highest is not None and lowest <= candidate <= highest


def _numbers(version: str) -> tuple[int, ...] | None:
    if not _VERSION.fullmatch(version):
        return None
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
