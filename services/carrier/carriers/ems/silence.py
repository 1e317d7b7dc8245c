"""How long the post may be silent about an EMS item. Data with dates and sources."""

from __future__ import annotations

from datetime import date

from services.carrier.domain.silence import SilenceRule

SILENCE_RULES = (
    SilenceRule(
        since=date(2000, 1, 1),
        silence_days=10,
        claim_days=120,
        margin_days=14,
        shortest_days=7,
        source="enquiries about EMS items within four months of posting, as posts commonly state; unconfirmed for a"
        " contract. The days of silence are ours",
    ),
)
