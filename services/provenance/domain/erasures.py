"""Which units were erased, by a keyed hash: GTIN and serial are guessed quickly, so that a plain hash would name them.

The key is that of the hidden codes, which is in no database; what is hashed begins with another word than there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from contracts.warehouse import UnitKey
from services.provenance.domain.log_events import LogEvent

KEPT = timedelta(days=400)
"""Business time for which an erasure is remembered: no backup may be older, and the topics keep no facts for longer."""
DIGEST_BYTES = 32


def digest(unit: UnitKey, keys: Mapping[bytes, bytes]) -> bytes:
    """By the first of these keys; they are by their prefixes, which name them."""
    return digests(unit, keys)[0]


def digests(unit: UnitKey, keys: Mapping[bytes, bytes]) -> list[bytes]:
    """By each of these keys: under which of them a unit was erased is not known."""
    text = f"erased unit\n{unit.gtin}.{unit.serial}".encode()
    return [prefix + hmac.digest(key, text, hashlib.sha256) for prefix, key in keys.items()]


def made_by(marked: bytes, keys: Mapping[bytes, bytes]) -> bool:
    """Whether one of these keys has made it, as far as it says so itself."""
    return any(marked.startswith(prefix) and len(marked) == len(prefix) + DIGEST_BYTES for prefix in keys)


def is_erased(event: LogEvent, erased_at: datetime | None) -> bool:
    """Whether this event follows from a fact and happened before its unit was erased: the fact comes again after a
    restore. An event that others report comes once."""
    return event.said_by is None and is_before(event.happened_at, erased_at)


def is_before(happened_at: datetime, erased_at: datetime | None) -> bool:
    """Whether this time is not after the erasure; False where there was none."""
    return erased_at is not None and happened_at <= erased_at
