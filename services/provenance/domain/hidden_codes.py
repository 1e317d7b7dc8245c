"""The hidden code of a unit: six digits under a scratch layer, which whoever copies the visible code does not have.

Kept is a keyed hash, whose key is not in the database: of a million codes each could else be tried.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from contracts.warehouse import UnitKey

DIGITS = 6
FREE_TRIES = 5
"""Wrong ones without a wait."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""Real time. A wait doubles with each wrong try and ends: nobody is locked out for good."""


@dataclass(frozen=True, slots=True)
class HiddenCode:
    """What is kept of a unit's code."""

    keyed: bytes
    wrong: int = 0
    """Tries so far."""
    wrong_at: datetime | None = None
    """The last of them, in real time."""
    revealed_at: datetime | None = None
    """When it was given rightly for the first time, in business time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a try."""

    kind: Literal["malformed", "wrong", "wait", "first", "again"]
    seconds: int = 0
    """To wait before the next; of `wrong` and `wait`."""
    revealed_at: datetime | None = None
    """Of `first` and `again`."""


def read_code(text: str) -> str | None:
    """The code as people type it: in digits of any width, with blanks. None for what is none."""
    typed = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return typed if re.fullmatch(rf"[0-9]{{{DIGITS}}}", typed) else None


def keyed(unit: UnitKey, code: str, keys: Mapping[bytes, bytes]) -> bytes:
    """What is kept, by the first of these keys; they are by their prefixes, which name them."""
    prefix, key = next(iter(keys.items()))
    return prefix + _digest(unit, code, key)


def fits(unit: UnitKey, code: str, kept: bytes, keys: Mapping[bytes, bytes]) -> bool:
    """Whether this is the code; in constant time."""
    made = [prefix + _digest(unit, code, key) for prefix, key in keys.items()]
    return any(hmac.compare_digest(digest, kept) for digest in made)


def wait_after(wrong: int) -> timedelta:
    """After so many wrong tries, before the next."""
    if wrong < FREE_TRIES:
        return timedelta()
    return min(FIRST_WAIT * (1 << min(wrong - FREE_TRIES, 20)), LONGEST_WAIT)


def waits(hidden: HiddenCode, real: datetime) -> int:
    """Seconds until the next try; 0 when it may be now."""
    if hidden.wrong_at is None:
        return 0
    left = hidden.wrong_at + wait_after(hidden.wrong) - real
    return max(0, -(-left // timedelta(seconds=1)))


def tried(hidden: HiddenCode, right: bool, now: datetime, real: datetime) -> tuple[HiddenCode, Outcome]:
    """A try that need not wait. `now` in business time, `real` in real time."""
    if not right:
        after = replace(hidden, wrong=hidden.wrong + 1, wrong_at=real)
        return after, Outcome("wrong", waits(after, real))
    if hidden.revealed_at is not None:
        return hidden, Outcome("again", revealed_at=hidden.revealed_at)
    return replace(hidden, revealed_at=now), Outcome("first", revealed_at=now)


def _digest(unit: UnitKey, code: str, key: bytes) -> bytes:
    return hmac.digest(key, f"{unit.gtin}.{unit.serial}\n{code}".encode(), hashlib.sha256)
