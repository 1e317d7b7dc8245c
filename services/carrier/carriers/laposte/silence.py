"""How long La Poste may be silent about a parcel. Data with dates and sources."""

from __future__ import annotations

from datetime import date

from services.carrier.domain.silence import SilenceRule

SILENCE_RULES = (
    SilenceRule(
        since=date(2000, 1, 1),
        silence_days=14,
        claim_days=30,
        margin_days=3,
        shortest_days=7,
        source="claim within 30 days of sending: La Poste's shop, page on lost Colissimo parcels (one source); "
        "the days of silence are ours",
    ),
)
