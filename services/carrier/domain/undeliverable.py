"""The carrier's options for a parcel that cannot be delivered: its return where the country allows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.carrier.domain.carrier import TryLater, Unexplained

ASKED_EVERY = timedelta(days=1)
"""The age after which a country's options are requested again, in real time."""


@dataclass(frozen=True, slots=True)
class ReturnOptions:
    """What the carrier's product to a country allows, by the carrier's own numbers. Empty: nothing is to be chosen."""

    choices: tuple[int, ...]


ReturnOptionsAnswer = ReturnOptions | TryLater | Unexplained
"""Without an answer what was known before goes on; no parcel is to blame."""


def is_old(answered_at: datetime | None, now: datetime) -> bool:
    """Whether it is to be asked for."""
    return answered_at is None or now - answered_at >= ASKED_EVERY
