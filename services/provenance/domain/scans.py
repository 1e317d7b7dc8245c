"""Which looks at a unit's page cannot all be at one unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody has opened a unit's page."""

    at: datetime
    """Business time."""
    country: str | None
    """ISO 3166-1 alpha-2; None where nobody told it."""
